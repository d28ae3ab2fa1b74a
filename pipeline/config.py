"""The whole configuration of a dataset: one frozen record of the stages' settings."""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.nearest import nearest
from schemas.errors import UsageError
from transforms.clips.config import ClipsConfig
from transforms.faces.config import FacesConfig
from transforms.media.config import LimitsConfig
from transforms.prepare.config import AudioConfig, SpeechConfig
from transforms.shards.config import ShardsConfig
from transforms.speakers.config import SpeakersConfig

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingLine:
    """What --help says of one setting."""

    name: str  # "faces.min_box_px"
    default: object
    unit: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what a dataset holds. The same recipe and input give the same bytes."""

    audio: AudioConfig = dataclasses.field(default_factory=AudioConfig)
    speech: SpeechConfig = dataclasses.field(default_factory=SpeechConfig)
    faces: FacesConfig = dataclasses.field(default_factory=FacesConfig)
    speakers: SpeakersConfig = dataclasses.field(default_factory=SpeakersConfig)
    clips: ClipsConfig = dataclasses.field(default_factory=ClipsConfig)
    shards: ShardsConfig = dataclasses.field(default_factory=ShardsConfig)
    limits: LimitsConfig = dataclasses.field(default_factory=LimitsConfig)

    def with_setting(self, assignment: str) -> "Recipe":
        """This recipe with one setting changed: "faces.min_box_px=80". UsageError names what is wrong."""
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {assignment!r} must be NAME=VALUE, like faces.min_box_px=80")
        return self.with_value(name.strip(), text.strip())

    def with_value(self, name: str, text: str) -> "Recipe":
        """This recipe with the setting `name` read from `text`."""
        if name not in {line.name for line in self.settings()}:
            raise UsageError(f"no setting is called {name!r}{nearest(name, [line.name for line in self.settings()])}")
        room, field = name.split(".")
        config = getattr(self, room)
        try:
            value = _parsed(text, type(getattr(config, field)))
            return dataclasses.replace(self, **{room: dataclasses.replace(config, **{field: value})})
        except ValueError as error:
            raise UsageError(f"{name}={text}: {error}") from error

    def settings(self) -> Iterator[SettingLine]:
        """Every setting with its value here, unit and one line about it."""
        for room in dataclasses.fields(self):
            config = getattr(self, room.name)
            for field in dataclasses.fields(config):
                yield SettingLine(
                    name=f"{room.name}.{field.name}",
                    default=getattr(config, field.name),
                    unit=field.metadata["unit"],
                    about=field.metadata["about"],
                )

    def as_dict(self) -> dict[str, dict[str, object]]:
        """Room -> setting -> value, for JSON."""
        return dataclasses.asdict(self)


def _parsed(text: str, kind: type) -> object:
    """Text as a setting's type; ValueError says what was expected."""
    if kind is bool:
        if text.lower() not in _TRUTH:
            raise ValueError(f"must be true or false, not {text!r}")
        return _TRUTH[text.lower()]
    if kind is str:
        return text
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"must be {'a whole number' if kind is int else 'a number'}, not {text!r}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"must be finite, not {text!r}")
    return value

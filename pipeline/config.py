"""The configuration of a dataset: one frozen record of the settings of all stages."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from pipeline.nearest import nearest
from schemas.errors import UsageError
from transforms.clips.config import ClipsConfig
from transforms.faces.config import FacesConfig
from transforms.media.config import LimitsConfig
from transforms.prepare.config import AudioConfig, SpeechConfig, VideoConfig
from transforms.shards.config import ShardsConfig
from transforms.speakers.config import SpeakersConfig

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingLine:
    """What --help says about one setting."""

    name: str  # "faces.min_box_px"
    default: object
    unit: str
    about: str


def setting_text(value: object) -> str:
    """A setting's value as --set takes it."""
    return "none" if value is None else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what a dataset holds. The same recipe and input give the same bytes."""

    video: VideoConfig = dataclasses.field(default_factory=VideoConfig)
    audio: AudioConfig = dataclasses.field(default_factory=AudioConfig)
    speech: SpeechConfig = dataclasses.field(default_factory=SpeechConfig)
    faces: FacesConfig = dataclasses.field(default_factory=FacesConfig)
    speakers: SpeakersConfig = dataclasses.field(default_factory=SpeakersConfig)
    clips: ClipsConfig = dataclasses.field(default_factory=ClipsConfig)
    shards: ShardsConfig = dataclasses.field(default_factory=ShardsConfig)
    limits: LimitsConfig = dataclasses.field(default_factory=LimitsConfig)

    def with_setting(self, assignment: str) -> "Recipe":
        """Return this recipe with one setting changed, like "faces.min_box_px=80"; UsageError names what is wrong."""
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {assignment!r} must be NAME=VALUE, like faces.min_box_px=80")
        return self.with_value(name.strip(), text.strip())

    def with_value(self, name: str, text: str) -> "Recipe":
        """Return this recipe with the setting `name` read from `text`; UsageError names what is wrong."""
        if name not in {line.name for line in self.settings()}:
            raise UsageError(f"no setting is called {name!r}{nearest(name, [line.name for line in self.settings()])}")
        section, field = name.split(".")
        config = getattr(self, section)
        try:
            value = _parsed(text, get_type_hints(type(config))[field])
            return dataclasses.replace(self, **{section: dataclasses.replace(config, **{field: value})})
        except ValueError as error:
            raise UsageError(f"{name}={text}: {error}") from error

    def settings(self) -> Iterator[SettingLine]:
        """List every setting with its value in this recipe, its unit and one line about it."""
        for section in dataclasses.fields(self):
            config = getattr(self, section.name)
            for field in dataclasses.fields(config):
                yield SettingLine(
                    name=f"{section.name}.{field.name}",
                    default=getattr(config, field.name),
                    unit=field.metadata["unit"],
                    about=field.metadata["about"],
                )

    @classmethod
    def from_dict(cls, stored: Mapping[str, Mapping[str, Any]]) -> "Recipe":
        """The recipe that `as_dict` gave; UsageError where this program has other settings."""
        sections = {field.name: field.type for field in dataclasses.fields(cls)}
        known = {line.name for line in cls().settings()}
        found = {f"{section}.{name}" for section, values in stored.items() for name in values}
        if known != found:
            names = ", ".join(sorted(known ^ found))
            raise UsageError(f"the dataset was made by a Talkshard with other settings ({names}): use that one")
        return cls(**{name: get_type_hints(cls)[name](**stored[name]) for name in sections})

    def as_dict(self) -> dict[str, dict[str, object]]:
        """Section -> setting -> value, for JSON."""
        return dataclasses.asdict(self)


def _parsed(text: str, hint: Any) -> object:
    """Convert text to a setting's type; ValueError says what was expected. "none" stands for a value not given."""
    kinds = get_args(hint) or (hint,)
    if type(None) in kinds and text.lower() == "none":
        return None
    kind = kinds[0]
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

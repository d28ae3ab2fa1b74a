"""The configuration of a dataset: one frozen record of the settings of all stages."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from pipeline.settings import SettingLine, setting_lines, with_assignment, with_text
from schemas.errors import UsageError
from transforms.clips.config import ClipsConfig
from transforms.copies.config import CopiesConfig
from transforms.faces.config import FacesConfig
from transforms.media.config import LimitsConfig
from transforms.people.config import PeopleConfig
from transforms.prepare.config import AudioConfig, SpeechConfig, VideoConfig
from transforms.shards.config import ShardsConfig
from transforms.sources.config import RightsConfig
from transforms.speakers.config import SpeakersConfig
from transforms.transcripts.config import TranscriptsConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what a dataset holds. The same recipe and input give the same bytes."""

    video: VideoConfig = dataclasses.field(default_factory=VideoConfig)
    audio: AudioConfig = dataclasses.field(default_factory=AudioConfig)
    speech: SpeechConfig = dataclasses.field(default_factory=SpeechConfig)
    faces: FacesConfig = dataclasses.field(default_factory=FacesConfig)
    speakers: SpeakersConfig = dataclasses.field(default_factory=SpeakersConfig)
    clips: ClipsConfig = dataclasses.field(default_factory=ClipsConfig)
    copies: CopiesConfig = dataclasses.field(default_factory=CopiesConfig)
    people: PeopleConfig = dataclasses.field(default_factory=PeopleConfig)
    transcripts: TranscriptsConfig = dataclasses.field(default_factory=TranscriptsConfig)
    shards: ShardsConfig = dataclasses.field(default_factory=ShardsConfig)
    limits: LimitsConfig = dataclasses.field(default_factory=LimitsConfig)
    rights: RightsConfig = dataclasses.field(default_factory=RightsConfig)

    def with_setting(self, assignment: str) -> "Recipe":
        """Return this recipe with one setting changed, like "faces.min_box_px=80"; UsageError names what is wrong."""
        return with_assignment(self, assignment)

    def with_value(self, name: str, text: str) -> "Recipe":
        """Return this recipe with the setting `name` read from `text`; UsageError names what is wrong."""
        return with_text(self, name, text)

    def settings(self) -> Iterator[SettingLine]:
        """List every setting with its value in this recipe, its unit and one line about it."""
        return setting_lines(self)

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

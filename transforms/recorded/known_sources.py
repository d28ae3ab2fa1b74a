"""Which inputs a dataset holds already, by content, and what a new content under a name on record is called."""

import re
from dataclasses import dataclass, replace

from schemas.records import VideoSource
from transforms.media.source_names import unread_id

_APART = re.compile(r"#g\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedName:
    """One name of a source that the dataset holds."""

    name: str
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierFailure:
    """What a stored failure says of the attempts at its work."""

    source_id: str
    window_index: int
    stage: str
    attempts: int


def name_apart(source: VideoSource, is_on_record: bool, generation: int) -> VideoSource:
    """The source under a name that none on record has: where another content had it, with the generation behind it."""
    return replace(source, name=_name_apart(source.stored_name, generation)) if is_on_record else source


def known_ids(recorded: RecordedName, generation: int) -> tuple[str, ...]:
    """The ids that the same input would have now: one without content is known by its name."""
    if recorded.source_id != unread_id(recorded.name):
        return (recorded.source_id,)
    return recorded.source_id, unread_id(_name_apart(recorded.name, generation))


def listed_name(name: str) -> str:
    """The name that a stored one was listed by, before it was told apart from one on record."""
    return _APART.sub("", name)


def _name_apart(name: str, generation: int) -> str:
    return f"{name}#g{generation}"

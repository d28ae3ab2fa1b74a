"""The split of a source: the same for all sources of one speaker, else of one group, else of one content."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from schemas.errors import UsageError
from schemas.person_names import compared_name
from schemas.records import VideoSource

_TRAIN_PERCENT, _VAL_PERCENT = 90, 5  # the rest is test
_OF_NO_UNIT = "source:"


def split_unit(speaker: str, group: str, source_id: str) -> str:
    """The unit that must not be in two splits: "speaker:NAME", else "group:NAME", else "source:ID".

    A speaker's name is as names are compared: spellings that differ in case, blanks or Unicode form are one speaker.
    """
    if name := compared_name(speaker):
        return f"speaker:{name}"
    return f"group:{group}" if group else f"source:{source_id}"


def split_of_unit(unit: str) -> str:
    """90 % train, 5 % val, 5 % test, by the unit's sha256."""
    percent = int.from_bytes(hashlib.sha256(unit.encode()).digest()[:8], "big") * 100 >> 64
    if percent < _TRAIN_PERCENT:
        return "train"
    return "val" if percent < _TRAIN_PERCENT + _VAL_PERCENT else "test"


def given_splits(sources: Iterable[VideoSource]) -> dict[str, str]:
    """Split of every speaker or group of which a member's split is given; it holds for the whole unit.

    UsageError: two members of one unit are given different splits.
    """
    given: dict[str, VideoSource] = {}
    for source in sources:
        unit = split_unit(source.speaker, source.group, "")
        if not source.split or unit == _OF_NO_UNIT:
            continue
        first = given.setdefault(unit, source)
        if first.split != source.split:
            raise UsageError(
                f"{unit} is in two splits: {first.uri!r} is given {first.split}, {source.uri!r} "
                f"{source.split}; give all of it the same split"
            )
    return {unit: source.split for unit, source in given.items()}


def check_given_splits(sources: Iterable[VideoSource]) -> None:
    """UsageError when the given splits put a speaker or group into two splits."""
    given_splits(sources)


def with_unit_splits(source: VideoSource, given: Mapping[str, str]) -> VideoSource:
    """The name with the splits of its speaker and group, as given_splits has them."""
    return replace(
        source,
        speaker_split=given.get(split_unit(source.speaker, "", ""), ""),
        group_split=given.get(split_unit("", source.group, ""), ""),
    )


def split_of_names(unit: str, names: Iterable[VideoSource]) -> str:
    """The split that was given for the unit of these names; "": none was."""
    for name in names:
        if unit == split_unit(name.speaker, "", "") and name.speaker_split:
            return name.speaker_split
        if unit == split_unit("", name.group, "") and name.group_split:
            return name.group_split
    return ""

"""The splits that are given with the names of sources: one for all of a speaker, and of a group."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from schemas.errors import UsageError
from schemas.records import VideoSource
from transforms.media.split_units import join_units, named_units


def given_splits(sources: Iterable[VideoSource]) -> dict[str, str]:
    """Split of every speaker and group that a given split holds for; it holds for all that they share sources with.

    UsageError: two sources of such a unit are given different splits.
    """
    listed = [(one, units) for one in sources if (units := named_units(one.speaker, one.group))]
    parts = join_units([units for _, units in listed])
    given: dict[int, VideoSource] = {}
    for source, units in listed:
        first = given.setdefault(parts[units[0]], source) if source.split else source
        if first.split != source.split:
            raise UsageError(
                f"{units[0]} is in two splits: {first.uri!r} is given {first.split}, {source.uri!r} "
                f"{source.split}; give all of it the same split"
            )
    return {unit: given[part].split for unit, part in parts.items() if part in given}


def check_given_splits(sources: Iterable[VideoSource]) -> None:
    """UsageError when the given splits put a speaker or group into two splits."""
    given_splits(sources)


def with_unit_splits(source: VideoSource, given: Mapping[str, str]) -> VideoSource:
    """The name with the splits of its speaker and group, as given_splits has them."""
    speaker, group = named_units(source.speaker, ""), named_units("", source.group)
    return replace(
        source,
        speaker_split=given.get(speaker[0], "") if speaker else "",
        group_split=given.get(group[0], "") if group else "",
    )


def split_of_names(unit: str, names: Iterable[VideoSource]) -> str:
    """The split that was given for the unit of these names; "": none was."""
    for name in names:
        if unit in named_units(name.speaker, "") and name.speaker_split:
            return name.speaker_split
        if unit in named_units("", name.group) and name.group_split:
            return name.group_split
    return ""

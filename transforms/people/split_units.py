"""The split of every clip: units that share a speaker, group or person are joined, and each joined unit has one split.

Names are the truth. A person who is seen under two speakers' names does not join the speakers; clips of that person
that no one named follow the speaker with most of the person's clips.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.records import SEVERAL
from transforms.media.split_units import PERSON, SOURCE, join_units, named_units, split_of_unit, strongest

_FIRST_GIVEN = ("test", "val", "train")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePerson:
    """The clips of one person in one source; or a source without clips."""

    source_id: str
    speaker: str = ""  # as given
    group: str = ""
    given_split: str = ""  # for the source, its speaker or its group; "": none was
    person_id: str = ""  # "": not known
    num_clips: int = 0
    recorded_split: str = ""  # these clips are in the dataset already, in this split; "": they are new
    recorded_unit: str = ""

    @property
    def units(self) -> list[str]:
        """The units that these clips belong to: those of the names, and of the person where no speaker was named."""
        named = named_units(self.speaker, self.group)
        person = [PERSON + self.person_id] if self.person_id and not self.speaker_unit else []
        return [*named, *person] or [SOURCE + self.source_id]

    @property
    def speaker_unit(self) -> str:
        """The unit of its speaker; "": it has none."""
        return next(iter(named_units(self.speaker, "")), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Where clips belong."""

    unit: str
    split: str
    conflict: str = ""  # why they cannot be in that split; "": they can


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fixed:
    """The split that clips of a unit are in, by what is on record or was given."""

    split: str
    by: str


def assign_units(found: Sequence[SourcePerson]) -> list[Unit]:
    """The unit of each, in their order, which decides nothing.

    A split on record wins, then a given one: where several were given to one person, test before val before train, so
    that official test material stays whole. New clips that contradict the split of one of their units have a conflict;
    so have those without a given split that would join two units of different splits.
    """
    followed = _followed_speakers(found)
    units = [_units(one, followed) for one in found]
    fixed = _fixed_splits(found, units)
    conflicts = [_conflict(one, own, fixed) for one, own in zip(found, units, strict=True)]
    kept = [own for own, conflict in zip(units, conflicts, strict=True) if not conflict]
    part_of = join_units(kept)
    parts: dict[int, list[str]] = defaultdict(list)
    for unit, part in part_of.items():
        parts[part].append(unit)
    joined = {part: _joined(members, fixed) for part, members in parts.items()}
    return [
        _own(one, own, fixed, conflict)
        if conflict or one.recorded_split
        else _of_joined(one, joined[part_of[own[0]]], fixed)
        for one, own, conflict in zip(found, units, conflicts, strict=True)
    ]


def _units(one: SourcePerson, followed: dict[str, str]) -> list[str]:
    """All units that clips belong to, the speaker included whom they follow."""
    follows = "" if one.speaker_unit else followed.get(one.person_id, "")
    return [*one.units, *([follows] if follows else [])]


def _fixed_splits(found: Sequence[SourcePerson], units: list[list[str]]) -> dict[str, _Fixed]:
    """Unit -> its split on record, else the given one."""
    fixed: dict[str, _Fixed] = {}
    by_source = sorted(zip(found, units, strict=True), key=lambda pair: pair[0].source_id)
    for one, own in by_source:
        if one.recorded_split:
            for unit in {*own, one.recorded_unit}:
                fixed.setdefault(unit, _Fixed(split=one.recorded_split, by="on record"))
    for split in _FIRST_GIVEN:
        for one, own in by_source:
            if one.given_split == split and not one.recorded_split:
                for unit in own:
                    fixed.setdefault(unit, _Fixed(split=split, by=f"by source {one.source_id}"))
    return fixed


def _conflict(one: SourcePerson, units: list[str], fixed: dict[str, _Fixed]) -> str:
    """Why new clips of a given split cannot be in it; "": they can, or were given none."""
    if not one.given_split or one.recorded_split:
        return ""
    other = next((unit for unit in units if fixed[unit].split != one.given_split), None)
    return f"given {one.given_split}, but {other} is in {fixed[other].split} {fixed[other].by}" if other else ""


def _joined(members: list[str], fixed: dict[str, _Fixed]) -> Unit:
    """The unit of all that is joined."""
    unit, splits = strongest(set(members)), {fixed[one].split: one for one in sorted(members) if one in fixed}
    if len(splits) > 1:
        text = ", but ".join(f"{one} is in {split} {fixed[one].by}" for split, one in sorted(splits.items()))
        split = fixed[unit].split if unit in fixed else next(split for split in _FIRST_GIVEN if split in splits)
        return Unit(unit=unit, split=split, conflict=text)
    return Unit(unit=unit, split=next(iter(splits), None) or split_of_unit(unit))


def _of_joined(one: SourcePerson, joined: Unit, fixed: dict[str, _Fixed]) -> Unit:
    """A joined unit as that of some of its clips: those of a given split are in it whatever the others join."""
    if not joined.conflict or (one.num_clips and not one.given_split):
        return joined
    unit = one.units[0]
    return Unit(unit=unit, split=fixed[unit].split if unit in fixed else joined.split)


def _own(one: SourcePerson, units: list[str], fixed: dict[str, _Fixed], conflict: str) -> Unit:
    """The unit of clips on record, as it is there; or of some that are dropped."""
    if one.recorded_split:
        return Unit(unit=one.recorded_unit, split=one.recorded_split)
    return Unit(unit=units[0], split=fixed[units[0]].split, conflict=conflict if one.num_clips else "")


def source_unit(source: SourcePerson, of_clips: Iterable[Unit]) -> Unit:
    """Unit and split of a source, from those of its stored clips; without any, from its names.

    A source whose clips are of several units counts as a unit of its own, and its split may be SEVERAL.
    """
    units = {one.unit: one.split for one in of_clips}
    if len(units) == 1:
        [(unit, split)] = units.items()
        return Unit(unit=unit, split=split)
    splits = set(units.values())
    return Unit(unit=SOURCE + source.source_id, split=splits.pop() if len(splits) == 1 else SEVERAL)


def _followed_speakers(found: Sequence[SourcePerson]) -> dict[str, str]:
    """Person of whom some clips were not named -> the unit of the speaker whom most others of the clips name.

    Clips on record count before new ones. A person with clips on record that no one named stays with these.
    """
    without_name = [one for one in found if one.person_id and one.num_clips and not one.speaker_unit]
    unnamed = {one.person_id for one in without_name} - {one.person_id for one in without_name if one.recorded_split}
    clips: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for one in found:
        if one.person_id in unnamed and one.speaker_unit:
            clips[one.person_id][one.speaker_unit][0 if one.recorded_split else 1] += one.num_clips
    return {person: min(named, key=lambda unit: ([-n for n in named[unit]], unit)) for person, named in clips.items()}

"""The split of every clip: units that share a speaker, group or person are joined, and each joined unit has one split.

Names are the truth. A person who is seen under two speakers' names does not join the speakers; clips of that person
that no one named follow the speaker with most of the person's clips.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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


@dataclass(slots=True, kw_only=True)
class _Joined:
    """Units that share a speaker, group or person."""

    units: set[str] = field(default_factory=set)
    recorded: dict[str, str] = field(default_factory=dict)  # split -> who is in it
    split_of: dict[str, str] = field(default_factory=dict)  # unit on record -> its split
    given: dict[str, str] = field(default_factory=dict)

    @property
    def split(self) -> str:
        """The split on record, else the first that was given, else that of the unit's hash."""
        unit = strongest(self.units)
        if unit in self.split_of:
            return self.split_of[unit]
        known = [split for splits in (self.recorded, self.given) for split in _FIRST_GIVEN if split in splits]
        return known[0] if known else split_of_unit(unit)

    def unit_of(self, one: SourcePerson) -> Unit:
        """The unit of some of its clips."""
        if one.recorded_split:
            return Unit(unit=one.recorded_unit, split=one.recorded_split)
        unit, split = strongest(self.units), self.split
        if one.num_clips and len(self.recorded) > 1:
            both = ", but ".join(f"{who} is in {split}" for split, who in sorted(self.recorded.items()))
            return Unit(unit=unit, split=split, conflict=both)
        if one.num_clips and one.given_split not in ("", split):
            who = self.recorded.get(split) or self.given[split]
            return Unit(unit=unit, split=split, conflict=f"given {one.given_split}, but {who} of {unit} is in {split}")
        return Unit(unit=unit, split=split)


def assign_units(found: Sequence[SourcePerson]) -> list[Unit]:
    """The unit of each, in their order, which decides nothing.

    A split on record wins, then a given one: where several were given to one unit, test before val before train, so
    that official test material stays whole. New clips that contradict the split of their unit have a conflict.
    """
    units = [one.units for one in found]
    links = [*units, *([PERSON + person, unit] for person, unit in _followed_speakers(found).items())]
    parts = join_units(links)
    of_part: dict[int, _Joined] = defaultdict(_Joined)
    for unit, part in parts.items():
        of_part[part].units.add(unit)
    joined = {unit: of_part[part] for unit, part in parts.items()}
    for one, own in sorted(zip(found, units, strict=True), key=lambda pair: pair[0].source_id):
        if one.recorded_split:
            joined[own[0]].recorded.setdefault(one.recorded_split, own[0])
            joined[own[0]].split_of |= dict.fromkeys((*own, one.recorded_unit), one.recorded_split)
        elif one.given_split:
            joined[own[0]].given.setdefault(one.given_split, f"source {one.source_id}")
    return [joined[own[0]].unit_of(one) for one, own in zip(found, units, strict=True)]


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

    Clips on record count before new ones, so that nothing on record follows another speaker later.
    """
    unnamed = {one.person_id for one in found if one.person_id and one.num_clips and not one.speaker_unit}
    clips: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for one in found:
        if one.person_id in unnamed and one.speaker_unit:
            clips[one.person_id][one.speaker_unit][0 if one.recorded_split else 1] += one.num_clips
    return {person: min(named, key=lambda unit: ([-n for n in named[unit]], unit)) for person, named in clips.items()}

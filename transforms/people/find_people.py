"""The people among all tracks with clips, and the unit and split of each track: the plain part of FindPeople."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from schemas.records import AlikePeople, SourceSplit
from transforms.people.clusters import cluster, confidences
from transforms.people.split_units import SourcePerson, Unit, assign_units, source_unit

MIN_TOGETHER_FRAMES = 5
"""Tracks that share so many frames of one source are two people; a tracker may follow one face twice for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTrack:
    """One track with clips, new or on record."""

    track_id: str
    source_id: str
    num_clips: int
    start_frame: int = 0  # timeline frames, half-open
    end_frame: int = 0
    embedding: bytes = b""  # float32 (D,); b"": its face was not embedded
    person_id: str = ""  # of clips on record
    speaker: str = ""
    group: str = ""
    split: str = ""  # "": it is new
    split_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedTrack:
    """The person of a new track, and where its clips belong."""

    track_id: str
    source_id: str
    person_id: str  # "": not known
    person_confidence: float | None
    split: str
    split_unit: str
    conflict: str  # why they cannot be there; "": they can


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPeople:
    """All that is found."""

    tracks: tuple[PlacedTrack, ...]
    sources: tuple[SourceSplit, ...]
    alike: tuple[AlikePeople, ...]


def find_people(found: Iterable[FoundTrack], sources: Iterable[SourcePerson], max_distance: float) -> FoundPeople:
    """Find the people of all tracks, and the unit and split of all new tracks and of all sources.

    sources: each with its names, as without clips. max_distance: the largest root mean square distance between the
    embeddings of one person. A track that is on record, and made again, stays as it is there. Order decides nothing.
    """
    every = sorted(found, key=lambda track: (track.track_id, track.split))
    tracks = list({track.track_id: track for track in every}.values())  # on record where it is, for that comes last
    people, alike = _people_of(tracks, max_distance)
    names = {one.source_id: one for one in sources}
    use_of = {track.track_id: _use(track, people[track.track_id].person_id, names) for track in tracks}
    clips = Counter[SourcePerson]()
    for track in tracks:
        clips[use_of[track.track_id]] += track.num_clips
    uses = [*names.values(), *clips]
    units = assign_units([replace(one, num_clips=clips[one]) for one in uses])
    unit_of = dict(zip(uses, units, strict=True))
    made = {track.track_id for track in every if not track.split}
    return FoundPeople(
        tracks=tuple(
            _placed(track, people[track.track_id], unit_of[use_of[track.track_id]])
            for track in tracks
            if track.track_id in made
        ),
        sources=tuple(_source_splits(names, clips, unit_of)),
        alike=alike,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    person_id: str = ""
    confidence: float | None = None


def _people_of(tracks: Sequence[FoundTrack], max_distance: float) -> tuple[dict[str, _Person], tuple[AlikePeople, ...]]:
    """The person of each track, by its id, and the people on record that are alike."""
    seen = [track for track in tracks if track.embedding]
    people = {track.track_id: _Person(person_id=track.person_id) for track in tracks}
    if not seen:
        return people, ()
    vectors = np.frombuffer(b"".join(track.embedding for track in seen), np.float32).reshape(len(seen), -1)
    recorded = sorted({track.person_id for track in seen} - {""})
    numbers = {person: number for number, person in enumerate(recorded)}
    known = np.array([numbers.get(track.person_id, -1) for track in seen], np.int64)
    found = cluster(vectors, max_distance**2, _together(seen), known)
    person_of = {label: _person_id(track) for label, track in zip(found.labels[::-1], seen[::-1], strict=True)}
    person_of |= {label: recorded[number] for label, number in zip(found.labels, known, strict=True) if number >= 0}
    sure = confidences(vectors, found.labels, max_distance**2)
    for track, label, confidence in zip(seen, found.labels, sure, strict=True):
        people[track.track_id] = _Person(person_id=person_of[label], confidence=float(confidence))
    pairs = sorted(sorted((person_of[one], person_of[other])) for one, other in found.alike)
    return people, tuple(AlikePeople(first=first, second=second) for first, second in pairs)


def _person_id(first: FoundTrack) -> str:
    """The id of a person by the first of the person's tracks, which does not say more of it."""
    return f"p{hashlib.sha256(first.track_id.encode()).hexdigest()[:16]}"


def _together(tracks: Sequence[FoundTrack]) -> np.ndarray:
    """Pairs (P, 2), numbers of tracks that are seen in one source at the same time."""
    by_source = defaultdict[str, list[int]](list)
    for number, track in enumerate(tracks):
        by_source[track.source_id].append(number)
    pairs = []
    for numbers in by_source.values():
        shown: list[int] = []
        for number in sorted(numbers, key=lambda number: tracks[number].start_frame):
            end = tracks[number].end_frame
            start = tracks[number].start_frame + MIN_TOGETHER_FRAMES
            shown = [other for other in shown if tracks[other].end_frame >= start]
            pairs += [(other, number) for other in shown if end >= start]
            shown.append(number)
    return np.array(pairs, np.int64).reshape(-1, 2)


def _use(track: FoundTrack, person_id: str, names: dict[str, SourcePerson]) -> SourcePerson:
    """The clips of a track as those of a person in a source, whose number is left out."""
    if not track.split:
        return replace(names.get(track.source_id, SourcePerson(source_id=track.source_id)), person_id=person_id)
    return SourcePerson(
        source_id=track.source_id,
        speaker=track.speaker,
        group=track.group,
        person_id=person_id,
        recorded_split=track.split,
        recorded_unit=track.split_unit,
    )


def _placed(track: FoundTrack, person: _Person, unit: Unit) -> PlacedTrack:
    return PlacedTrack(
        track_id=track.track_id,
        source_id=track.source_id,
        person_id=person.person_id,
        person_confidence=person.confidence,
        split=unit.split,
        split_unit=unit.unit,
        conflict=unit.conflict,
    )


def _source_splits(
    names: dict[str, SourcePerson], clips: Counter[SourcePerson], unit_of: dict[SourcePerson, Unit]
) -> Iterator[SourceSplit]:
    of_clips = defaultdict[str, list[Unit]](list)
    for use in clips:
        if clips[use] and not unit_of[use].conflict:
            of_clips[use.source_id].append(unit_of[use])
    for source_id, one in names.items():
        unit = source_unit(one, of_clips.get(source_id) or [unit_of[one]])
        yield SourceSplit(source_id=source_id, split=unit.split, split_unit=unit.unit)

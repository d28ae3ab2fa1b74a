"""FindCopies: of clips that show one performance the best is kept, whichever sources they come from.

The fingerprints were made when the clips were cut. Here only records travel; each clip is compared with those that it
shares a key with, and the clips that are connected by what they share are judged together.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.decisions import DecisionLog
from schemas.records import ClipRef, WindowOutcome
from schemas.tables import DecisionRow
from transforms.beam_support.coders import use_record_coders, with_kinds
from transforms.beam_support.counters import count
from transforms.beam_support.lost_clips import WithoutLost
from transforms.copies.bands import band_keys
from transforms.copies.choose_kept import choose_kept
from transforms.copies.compared_clip import (
    ClipPair,
    ComparedClip,
    ComponentOfClip,
    DroppedClip,
    FirstOfPair,
    SharedPart,
    compared_clip,
    removed_clip,
)
from transforms.copies.components import component_of_each, hash_of_key
from transforms.copies.config import CopiesConfig
from transforms.copies.pairs import pairs_of_key, shared_by_two
from transforms.copies.rules import COPY_RULES
from transforms.media.fingerprint import read_fingerprint
from transforms.media.takedown_list import COPY, TAKEN_DOWN, clip_decision, is_removed

STAGE = "FindCopies"
use_record_coders(ClipPair, ComparedClip, ComponentOfClip, DroppedClip, FirstOfPair, SharedPart)


class FindCopiesOutputs(NamedTuple):
    """The outputs of FindCopies."""

    clips: beam.PCollection[ClipRef]  # that are kept
    outcomes: beam.PCollection[WindowOutcome]  # without the clips that were dropped
    decisions: beam.PCollection[DecisionRow]


@dataclass
class FindCopies(beam.PTransform):
    """Drop the clips that better ones show too.

    From {"clips": ClipRef, "outcomes": WindowOutcome}; where the dataset holds clips already, "stored": ClipRow; where
    there are takedowns, "removed": RemovedClip, whose copies are dropped as taken down.
    """

    config: CopiesConfig
    staging: str = ""

    def expand(self, found: dict[str, beam.PCollection[Any]]) -> FindCopiesOutputs:
        """Build the stage."""
        kinds = {"clips": _made, "stored": _stored, "removed": removed_clip}
        every = [
            found[name] | f"Compared-{name}" >> beam.Map(as_compared).with_output_types(ComparedClip)
            for name, as_compared in kinds.items()
            if name in found
        ]
        compared = every | "Every" >> beam.Flatten()
        dropped = compared | "Share" >> _FindShared(self.config) | "Choose" >> _Choose(self.config.max_shared)
        both = (found["clips"], dropped) | "Both" >> beam.Flatten()
        keyed = both | "ByClip" >> beam.Map(_by_key).with_output_types(tuple[str, ClipRef | DroppedClip])
        judge = beam.FlatMapTuple(_judged).with_outputs("lost", "decisions", main="clips")
        judged = keyed | "Clips" >> beam.GroupByKey() | "Judge" >> judge
        parts = with_kinds(judged, clips=ClipRef, lost=ClipRef, decisions=DecisionRow)
        ended = {"outcomes": found["outcomes"], "lost": parts.lost}
        outcomes = ended | "WithoutLost" >> WithoutLost(STAGE, self.staging)
        return FindCopiesOutputs(parts.clips, outcomes, parts.decisions)


@dataclass
class _FindShared(beam.PTransform):
    """What clips share: those with a key in common are sent to each other, the first of a pair to the second."""

    config: CopiesConfig

    def expand(self, clips: beam.PCollection[ComparedClip]) -> beam.PCollection[SharedPart]:
        keyed = clips | "Key" >> beam.Map(_by_key).with_output_types(tuple[str, ComparedClip])
        unique = keyed | "Keys" >> beam.GroupByKey() | "One" >> beam.MapTuple(_one).with_output_types(ComparedClip)
        pairs = (
            unique
            | "Bands" >> beam.FlatMap(_bands).with_output_types(tuple[str, ComparedClip])
            | "ByBand" >> beam.GroupByKey()
            | "Pairs" >> beam.FlatMapTuple(_pairs).with_output_types(ClipPair)
        )
        firsts = (
            ((unique, pairs) | "Meet" >> beam.Flatten())
            | "KeyFirst" >> beam.Map(_by_first).with_output_types(tuple[str, ComparedClip | ClipPair])
            | "ByFirst" >> beam.GroupByKey()
            | "First" >> beam.FlatMapTuple(_to_second).with_output_types(FirstOfPair)
        )
        return (
            ((unique, firsts) | "MeetAgain" >> beam.Flatten())
            | "KeySecond" >> beam.Map(_by_second).with_output_types(tuple[str, ComparedClip | FirstOfPair])
            | "BySecond" >> beam.GroupByKey()
            | "Compare" >> beam.FlatMapTuple(functools.partial(_compare, self.config)).with_output_types(SharedPart)
        )


@dataclass
class _Choose(beam.PTransform):
    """The clips to drop, of each component alone. One worker finds the components, from two numbers of each part."""

    max_shared: float

    def expand(self, parts: beam.PCollection[SharedPart]) -> beam.PCollection[DroppedClip]:
        numbers = (
            parts
            | "Ends" >> beam.Map(_ends).with_output_types(tuple[int, tuple[int, int]])
            | "All" >> beam.GroupByKey()
            | "Components" >> beam.FlatMapTuple(_components).with_output_types(ComponentOfClip)
        )
        return (
            ((parts, numbers) | "Join" >> beam.Flatten())
            | "Number" >> beam.Map(_by_number).with_output_types(tuple[int, SharedPart | ComponentOfClip])
            | "ByNumber" >> beam.GroupByKey()
            | "Component" >> beam.FlatMapTuple(_in_component).with_output_types(tuple[int, SharedPart])
            | "ByComponent" >> beam.GroupByKey()
            | "Best" >> beam.FlatMapTuple(functools.partial(_dropped, self.max_shared)).with_output_types(DroppedClip)
        )


def _made(clip: ClipRef) -> ComparedClip:
    return compared_clip(clip.row, is_stored=False, damaged_frames=clip.damaged_frames)


def _stored(row: Any) -> ComparedClip:
    return compared_clip(row, is_stored=True)


def _by_key(one: Any) -> tuple[str, Any]:
    return one.key, one


def _one(_key: str, clips: Iterable[ComparedClip]) -> ComparedClip:
    """A clip that is made again is the one on record."""
    return max(clips, key=lambda clip: clip.is_stored)


def _bands(clip: ComparedClip) -> Iterator[tuple[str, ComparedClip]]:
    for band in band_keys(read_fingerprint(clip.fingerprint)):
        yield band, clip.without_fingerprint()


def _pairs(_band: str, clips: Iterable[ComparedClip]) -> Iterator[ClipPair]:
    yield from (ClipPair(first_key=first, second_key=second) for first, second in pairs_of_key(clips))


def _by_first(one: ComparedClip | ClipPair) -> tuple[str, ComparedClip | ClipPair]:
    return one.first_key if isinstance(one, ClipPair) else one.key, one


def _to_second(_key: str, found: Iterable[ComparedClip | ClipPair]) -> Iterator[FirstOfPair]:
    """The first clip of each pair, to the second one; once, however many keys they share."""
    every = list(found)
    (clip,) = (one for one in every if isinstance(one, ComparedClip))
    for second_key in sorted({one.second_key for one in every if isinstance(one, ClipPair)}):
        yield FirstOfPair(second_key=second_key, clip=clip)


def _by_second(one: ComparedClip | FirstOfPair) -> tuple[str, ComparedClip | FirstOfPair]:
    return one.second_key if isinstance(one, FirstOfPair) else one.key, one


def _compare(config: CopiesConfig, _key: str, found: Iterable[ComparedClip | FirstOfPair]) -> Iterator[SharedPart]:
    """What a clip shares with those that were sent to it."""
    every = list(found)
    (second,) = (one for one in every if isinstance(one, ComparedClip))
    for one in every:
        if isinstance(one, FirstOfPair):
            count(STAGE, "compared")
            yield from shared_by_two(one.clip, second, config)


def _ends(part: SharedPart) -> tuple[int, tuple[int, int]]:
    return 0, (hash_of_key(part.first.key), hash_of_key(part.second.key))


def _components(_all: int, ends: Iterable[tuple[int, int]]) -> Iterator[ComponentOfClip]:
    for clip, component in component_of_each(ends):
        yield ComponentOfClip(clip=clip, component=component)


def _by_number(one: SharedPart | ComponentOfClip) -> tuple[int, SharedPart | ComponentOfClip]:
    return one.clip if isinstance(one, ComponentOfClip) else hash_of_key(one.first.key), one


def _in_component(_clip: int, found: Iterable[SharedPart | ComponentOfClip]) -> Iterator[tuple[int, SharedPart]]:
    every = list(found)
    (component,) = (one.component for one in every if isinstance(one, ComponentOfClip))
    yield from ((component, one) for one in every if isinstance(one, SharedPart))


def _dropped(max_shared: float, _component: int, parts: Iterable[SharedPart]) -> list[DroppedClip]:
    return choose_kept(parts, max_shared)


def _judged(_key: str, found: Iterable[ClipRef | DroppedClip]) -> Iterator[Any]:
    """A clip with its decision, kept or lost."""
    every = list(found)
    kept_key = next((one.kept_key for one in every if isinstance(one, DroppedClip)), "")
    for clip in every:
        if not isinstance(clip, ClipRef):
            continue
        if is_removed(kept_key):
            count(STAGE, f"dropped_{TAKEN_DOWN}")
            yield beam.pvalue.TaggedOutput("decisions", clip_decision(clip.key, clip.row.source_id, COPY))
            yield beam.pvalue.TaggedOutput("lost", clip)
            continue
        log = DecisionLog(stage=STAGE, source_id=clip.row.source_id)
        is_kept = log.keeps(clip.key, "clip", kept_key, COPY_RULES)
        yield from (beam.pvalue.TaggedOutput("decisions", row) for row in log.rows)
        count(STAGE, "clips" if is_kept else f"dropped_{COPY_RULES[0].name}")
        yield clip if is_kept else beam.pvalue.TaggedOutput("lost", clip)

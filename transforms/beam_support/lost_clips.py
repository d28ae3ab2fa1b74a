"""How windows ended, corrected by the clips that a later stage dropped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam

from schemas.records import ClipRef, WindowOutcome, window_id, window_of_track


@dataclass
class WithoutLost(beam.PTransform):
    """The outcomes without the clips that were dropped, from {"outcomes": WindowOutcome, "lost": ClipRef}."""

    def expand(self, found: dict[str, beam.PCollection[Any]]) -> beam.PCollection[WindowOutcome]:
        """Build the step."""
        both = (found["outcomes"], found["lost"]) | "Ended" >> beam.Flatten()
        by_window = both | "ByWindow" >> beam.Map(_by_window).with_output_types(tuple[str, WindowOutcome | ClipRef])
        corrected = beam.FlatMapTuple(_without_lost).with_output_types(WindowOutcome)
        return by_window | "Windows" >> beam.GroupByKey() | "Correct" >> corrected


def _by_window(one: WindowOutcome | ClipRef) -> tuple[str, WindowOutcome | ClipRef]:
    if isinstance(one, ClipRef):
        return window_of_track(one.row.track_id), one
    return window_id(one.source_id, one.window_index), one


def _without_lost(_window: str, found: Iterable[WindowOutcome | ClipRef]) -> Iterator[WindowOutcome]:
    """How a window ended, without the clips that it lost."""
    every = list(found)
    num_lost = len({one.key for one in every if isinstance(one, ClipRef)})
    for one in every:
        if isinstance(one, WindowOutcome):
            num_clips = one.num_clips - num_lost
            yield replace(one, num_clips=num_clips, outcome=one.outcome if num_clips else "decided")

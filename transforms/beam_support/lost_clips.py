"""How windows ended, corrected by the clips that a later stage dropped."""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam

from schemas.records import ClipRef, WindowOutcome, window_id, window_of_track
from transforms.beam_support.progress_marks import ProgressMark, leave_mark


@dataclass
class WithoutLost(beam.PTransform):
    """The outcomes without the clips that were dropped, from {"outcomes": WindowOutcome, "lost": ClipRef}."""

    stage: str  # that dropped them
    staging: str

    def expand(self, found: dict[str, beam.PCollection[Any]]) -> beam.PCollection[WindowOutcome]:
        """Build the step."""
        both = (found["outcomes"], found["lost"]) | "Ended" >> beam.Flatten()
        keyed = both | "ByWindow" >> beam.Map(_by_window).with_output_types(tuple[str, WindowOutcome | ClipRef])
        corrected = beam.FlatMapTuple(functools.partial(_without_lost, self.stage, self.staging)).with_output_types(
            WindowOutcome
        )
        return keyed | "Windows" >> beam.GroupByKey() | "Correct" >> corrected


def _by_window(one: WindowOutcome | ClipRef) -> tuple[str, WindowOutcome | ClipRef]:
    if isinstance(one, ClipRef):
        return window_of_track(one.row.track_id), one
    return window_id(one.source_id, one.window_index), one


def _without_lost(
    stage: str, staging: str, _window: str, found: Iterable[WindowOutcome | ClipRef]
) -> Iterator[WindowOutcome]:
    """How a window ended, without the clips that it lost, which leaves a mark for `talkshard status`."""
    every = list(found)
    num_lost = len({one.key for one in every if isinstance(one, ClipRef)})
    for one in every:
        if isinstance(one, WindowOutcome) and num_lost:
            source_id, index = one.source_id, one.window_index
            mark = ProgressMark(stage=stage, source_id=source_id, window_index=index, dropped=num_lost, clips=-num_lost)
            leave_mark(staging, mark)
            num_clips = one.num_clips - num_lost
            yield replace(one, num_clips=num_clips, outcome=one.outcome if num_clips else "decided")
        elif isinstance(one, WindowOutcome):
            yield one

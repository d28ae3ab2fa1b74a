"""SplitWindows: videos to windows, grouped in runs so that a worker opens a file once for several of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.clock import SAMPLES_PER_FRAME
from schemas.records import SourceFacts, Video, Window, WindowOutcome
from schemas.tables import DecisionRow
from transforms.beam_support.coders import with_kinds
from transforms.beam_support.counters import count
from transforms.beam_support.progress_marks import ProgressMark, leave_mark
from transforms.beam_support.results import made_bytes
from transforms.beam_support.storage import is_local
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.media.speech_seconds import speech_seconds
from transforms.media.timeline_file import timeline_from_bytes
from transforms.windows.split_windows import STAGE, in_runs, speech_windows


class SplitWindowsOutputs(NamedTuple):
    """Outputs of SplitWindows."""

    windows: beam.PCollection[Window]  # those with speech
    facts: beam.PCollection[SourceFacts]  # one for each video, with its number of windows
    decisions: beam.PCollection[DecisionRow]  # one for each window
    outcomes: beam.PCollection[WindowOutcome]  # of the windows without speech


@dataclass
class SplitWindows(beam.PTransform):
    """Split each video into windows at key frames, and group these in runs."""

    staging: str
    min_speech_s: float  # of a window
    store: StoreOptions = DEFAULT_STORE

    def expand(self, videos: beam.PCollection[Video]) -> SplitWindowsOutputs:
        """See beam.PTransform."""
        work = beam.ParDo(_Split(self.staging, self.min_speech_s, self.store))
        outputs = videos | "Split" >> work.with_outputs("facts", "decisions", "outcomes", main="windows")
        kinds = {"windows": Window, "facts": SourceFacts, "decisions": DecisionRow, "outcomes": WindowOutcome}
        split = with_kinds(outputs, **kinds)
        grouped = (
            split.windows
            | "ByRun" >> beam.Map(_by_run).with_output_types(tuple[tuple[str, int], Window])
            | beam.GroupByKey()
            | "InOrder" >> beam.FlatMapTuple(_in_order).with_output_types(Window)
        )
        return SplitWindowsOutputs(grouped, split.facts, split.decisions, split.outcomes)


class _Split(beam.DoFn):
    def __init__(self, staging: str, min_speech_s: float, store: StoreOptions):
        self._staging, self._min_speech_s, self._store = staging, min_speech_s, store

    def setup(self) -> None:
        self._store.use()

    def process(self, video: Video) -> Iterator[Any]:
        timeline = timeline_from_bytes(made_bytes(video.timeline_uri), video.probe.used_video.time_base)
        judged = speech_windows(video, timeline, self._min_speech_s)
        is_remote = not is_local(video.source.source_uri)
        kept = in_runs([window for window, decision in judged if decision.kept], timeline, is_remote)
        for window, decision in judged:
            yield beam.pvalue.TaggedOutput("decisions", decision)
            if not decision.kept:
                yield beam.pvalue.TaggedOutput("outcomes", _decided(window))
        yield beam.pvalue.TaggedOutput("facts", _facts(video, len(judged)))
        yield from kept
        count(STAGE, "in")
        count(STAGE, "out", len(kept))
        count(STAGE, "dropped_has_speech", len(judged) - len(kept))
        leave_mark(
            self._staging,
            ProgressMark(
                stage=STAGE,
                source_id=video.source.source_id,
                dropped=len(judged) - len(kept),
                windows=len(kept),
                frames=sum(window.end_frame - window.start_frame for window in kept),
            ),
        )


def _by_run(window: Window) -> tuple[tuple[str, int], Window]:
    return (window.video.source.source_id, window.run), window


def _in_order(_: tuple[str, int], windows: Iterable[Window]) -> list[Window]:
    return sorted(windows, key=lambda window: window.index)


def _facts(video: Video, num_windows: int) -> SourceFacts:
    return SourceFacts(
        source=video.source,
        probe=video.probe,
        num_frames=video.num_frames,
        num_windows=num_windows,
        speech_s=speech_seconds(video.speech, 0, video.num_frames * SAMPLES_PER_FRAME),
    )


def _decided(window: Window) -> WindowOutcome:
    return WindowOutcome(
        source_id=window.video.source.source_id,
        window_index=window.index,
        outcome="decided",
        num_clips=0,
        damaged_frames=0,
    )

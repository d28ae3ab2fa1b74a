import dataclasses
import os

import apache_beam as beam
from apache_beam.testing.util import assert_that

from tests.windows.test_split_windows import timeline_of, video_of
from transforms.beam_support.progress_marks import read_marks
from transforms.media.timeline_file import timeline_bytes
from transforms.windows.stage import SplitWindows


def test_windows_come_in_order_in_runs_and_every_window_is_accounted_for(tmp_path):
    timeline = timeline_of(40_000, 50)
    path = tmp_path / "timeline.npz"
    path.write_bytes(timeline_bytes(timeline))
    video = dataclasses.replace(video_of(timeline, 40_000, [(0, 20_000 * 640)]), timeline_uri=os.fspath(path))

    def in_two_runs(windows):
        indices = [window.index for window in windows]
        runs = [[index for index in indices if index < 20], [index for index in indices if index >= 20]]
        assert [sorted(run) for run in runs] == runs, indices
        assert sorted(indices) == list(range(27)), indices

    def without_speech(outcomes):
        assert sorted(outcome.window_index for outcome in outcomes) == list(range(27, 54))
        assert {outcome.outcome for outcome in outcomes} == {"decided"}

    def counted(facts):
        assert [(fact.num_windows, fact.speech_s) for fact in facts] == [(54, 800.0)]

    def judged(rows):
        assert sum(row.kept for row in rows) == 27 and len(rows) == 54

    with beam.Pipeline("FnApiRunner") as pipeline:
        outputs = pipeline | beam.Create([video]) | SplitWindows(staging=os.fspath(tmp_path), min_speech_s=0.2)
        assert_that(outputs.windows, in_two_runs, label="windows")
        assert_that(outputs.outcomes, without_speech, label="outcomes")
        assert_that(outputs.facts, counted, label="facts")
        assert_that(outputs.decisions, judged, label="decisions")
    assert [mark.windows for mark in read_marks(os.fspath(tmp_path))] == [27]

"""Progress marks in staging, and the line that is made from them."""

import io

import pytest

from pipeline.progress import MIN_RATE_S, ProgressDisplay, progress_of
from transforms.media.progress_marks import ProgressMark, leave_mark, read_marks

SPLIT = ProgressMark(stage="SplitWindows", source_id="0123456789abcdef", windows=2, frames=2000, dropped=1)
UNREAD = ProgressMark(stage="HashSource", source_id="unread-0123456", failed=1)


def window_mark(index, stage="TrackFaces", **counts):
    return ProgressMark(stage=stage, source_id=SPLIT.source_id, window_index=index, **counts)


def tracked(index):
    return window_mark(index, frames=1000, tracks=3)


def test_marks_are_read_as_they_were_written(tmp_path):
    marks = {SPLIT, UNREAD, tracked(0), window_mark(0, "FindSpeakers", dropped=2), window_mark(0, "CutClips", clips=4)}
    for mark in marks:
        leave_mark(str(tmp_path), mark)
    found = read_marks(str(tmp_path))
    assert set(found) == marks and len(found) == 5


def test_a_window_tried_again_counts_once(tmp_path):
    leave_mark(str(tmp_path), window_mark(0, "CutClips", clips=1))
    leave_mark(str(tmp_path), window_mark(0, "CutClips", clips=2))
    assert len(read_marks(str(tmp_path))) == 1


def test_a_window_whose_process_died_after_its_mark_has_failed(tmp_path):
    leave_mark(str(tmp_path), tracked(0))
    leave_mark(str(tmp_path), window_mark(0, failed=1))
    assert read_marks(str(tmp_path)) == [window_mark(0, failed=1)]


def test_there_are_no_marks_before_staging_exists(tmp_path):
    assert read_marks(str(tmp_path / "none")) == []


@pytest.mark.parametrize("staging", ["gs://bucket/out/.staging/run", ""])
def test_nothing_is_written_for_remote_staging(tmp_path, monkeypatch, staging):
    monkeypatch.chdir(tmp_path)
    leave_mark(staging, SPLIT)
    assert list(tmp_path.iterdir()) == []


def test_rate_and_time_left_follow_from_the_windows():
    progress = progress_of([SPLIT, tracked(0)], num_inputs=1, tracking_s=8.0)
    assert progress.rate == 5.0 and progress.left_s == 8.0
    assert "windows 1/2 · 0:00:08 left · " in progress.line() and progress.line().endswith(" · 5.0 s of video per s")


def test_there_is_no_rate_until_it_means_something():
    for marks, tracking_s in (([SPLIT], 100.0), ([SPLIT, tracked(0)], 0.9 * MIN_RATE_S)):
        progress = progress_of(marks, num_inputs=1, tracking_s=tracking_s)
        assert progress.rate is None and progress.left_s is None and "per s" not in progress.line()


def test_there_is_no_rate_once_all_windows_are_tracked():
    progress = progress_of([SPLIT, tracked(0), tracked(1)], num_inputs=1, tracking_s=100.0)
    assert progress.rate is None and "left" not in progress.line()


def test_no_time_left_is_shown_before_all_sources_are_known():
    progress = progress_of([SPLIT], num_inputs=2, tracking_s=8.0)
    assert progress.left_s is None and "left" not in progress.line()


def test_two_names_of_one_content_are_one_source_once_tracking_begins():
    assert progress_of([SPLIT, tracked(0)], num_inputs=2, tracking_s=8.0).num_inputs == 1


def test_what_was_dropped_and_what_failed_is_counted_in_every_stage():
    decided = ProgressMark(stage="PrepareVideos", source_id="fedcba9876543210", dropped=1)
    windows = [window_mark(0, "FindSpeakers", dropped=3), window_mark(0, "CutClips", dropped=4, clips=1)]
    marks = [SPLIT, UNREAD, decided, tracked(0), window_mark(1, failed=1), *windows]
    progress = progress_of(marks, num_inputs=3, tracking_s=1.0)
    assert (progress.dropped, progress.failed, progress.sources, progress.windows) == (9, 2, 3, 2)


def test_a_terminal_shows_the_last_state(tmp_path):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    with ProgressDisplay(str(tmp_path), 1, terminal):
        leave_mark(str(tmp_path), SPLIT)
    assert "sources 1/1" in terminal.getvalue()


def test_a_failure_that_is_marked_late_does_not_restart_the_clock(tmp_path):
    display = ProgressDisplay(str(tmp_path), 2, io.StringIO())
    leave_mark(str(tmp_path), SPLIT)
    began = display._read().tracking_s
    leave_mark(str(tmp_path), UNREAD)
    assert display._read().tracking_s > began

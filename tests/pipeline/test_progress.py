"""Progress marks in staging, and the line that is made from them."""

import io
import time
from dataclasses import replace

from pipeline.progress import MIN_RATE_S, RATE_WINDOW_S, ProgressDisplay, progress_of, read_progress
from transforms.beam_support.progress_marks import ProgressMark, leave_mark, read_marks

NOW_S = 1_800_000_000.0
SPLIT = ProgressMark(stage="SplitWindows", source_id="0123456789abcdef", windows=2, frames=2000, dropped=1)
UNREAD = ProgressMark(stage="HashSource", source_id="unread-0123456", failed=1)


def ago(mark, seconds):
    """The mark, left before NOW_S."""
    return replace(mark, left_msec=round(1000 * (NOW_S - seconds)))


def progress(marks, num_inputs=1, tracking_s=8.0):
    """The progress where all sources were split `tracking_s` ago and all else was done just now."""
    split_first = [ago(mark, tracking_s if mark == SPLIT else 0.0) for mark in marks]
    return progress_of(split_first, num_inputs, NOW_S)


def marks_in(staging):
    """The marks without their times."""
    return [replace(mark, left_msec=0) for mark in read_marks(str(staging))]


def window_mark(index, stage="TrackFaces", **counts):
    return ProgressMark(stage=stage, source_id=SPLIT.source_id, window_index=index, **counts)


def tracked(index):
    return window_mark(index, frames=1000, tracks=3)


def test_marks_are_read_as_they_were_written(tmp_path):
    marks = {SPLIT, UNREAD, tracked(0), window_mark(0, "FindSpeakers", dropped=2), window_mark(0, "CutClips", clips=4)}
    for mark in marks:
        leave_mark(str(tmp_path), mark)
    found = marks_in(tmp_path)
    assert set(found) == marks and len(found) == 5
    assert all(abs(mark.left_msec / 1000 - time.time()) < 60 for mark in read_marks(str(tmp_path)))


def test_of_a_window_tried_again_the_latest_mark_counts(tmp_path):
    for clips in (3, 1):
        leave_mark(str(tmp_path), window_mark(0, "CutClips", clips=clips))
        time.sleep(0.002)
    assert marks_in(tmp_path) == [window_mark(0, "CutClips", clips=1)]


def test_a_window_whose_process_died_after_its_mark_has_failed(tmp_path):
    leave_mark(str(tmp_path), tracked(0))
    leave_mark(str(tmp_path), window_mark(0, failed=1))
    assert marks_in(tmp_path) == [window_mark(0, failed=1)]


def test_there_are_no_marks_before_staging_exists(tmp_path):
    assert marks_in(tmp_path / "none") == []


def test_nothing_is_written_without_staging(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    leave_mark("", SPLIT)
    assert list(tmp_path.iterdir()) == []


def test_rate_and_time_left_follow_from_the_windows():
    found = progress([SPLIT, tracked(0)])
    assert found.rate == 5.0 and found.left_s == 8.0
    assert "windows 1/2 · 0:00:08 left · " in found.line() and found.line().endswith(" · 5.0 s of video per s")


def test_the_rate_is_that_of_the_last_quarter_of_an_hour():
    early, late = ago(tracked(0), 2 * RATE_WINDOW_S), ago(tracked(1), 10.0)
    split = ago(replace(SPLIT, windows=3, frames=3000), 3 * RATE_WINDOW_S)
    found = progress_of([split, early, late], 1, NOW_S)
    assert found.rate == 40.0 / RATE_WINDOW_S and found.left_s == RATE_WINDOW_S and found.last_s == NOW_S - 10.0


def test_there_is_no_rate_until_it_means_something():
    for marks, tracking_s in (([SPLIT], 100.0), ([SPLIT, tracked(0)], 0.9 * MIN_RATE_S)):
        found = progress(marks, tracking_s=tracking_s)
        assert found.rate is None and found.left_s is None and "per s" not in found.line()


def test_there_is_no_rate_once_all_windows_are_tracked():
    found = progress([SPLIT, tracked(0), tracked(1)], tracking_s=100.0)
    assert found.rate is None and "left" not in found.line()


def test_no_time_left_is_shown_before_all_sources_are_known():
    found = progress([SPLIT], num_inputs=2)
    assert found.left_s is None and "left" not in found.line()


def test_two_names_of_one_content_are_one_source_once_tracking_begins():
    assert progress([SPLIT, tracked(0)], num_inputs=2).num_inputs == 1


def test_what_was_dropped_and_what_failed_is_counted_in_every_stage():
    decided = ProgressMark(stage="PrepareVideos", source_id="fedcba9876543210", dropped=1)
    windows = [window_mark(0, "FindSpeakers", dropped=3), window_mark(0, "CutClips", dropped=4, clips=1)]
    marks = [SPLIT, UNREAD, decided, tracked(0), window_mark(1, failed=1), *windows]
    found = progress(marks, num_inputs=3, tracking_s=1.0)
    assert (found.dropped, found.failed, found.sources, found.windows) == (9, 2, 3, 2)


def test_a_terminal_shows_the_last_state(tmp_path):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    with ProgressDisplay(str(tmp_path), 1, terminal):
        leave_mark(str(tmp_path), SPLIT)
    assert "sources 1/1" in terminal.getvalue()


def test_a_failure_that_is_marked_late_does_not_restart_the_clock(tmp_path):
    leave_mark(str(tmp_path), SPLIT)
    began = read_progress(str(tmp_path), 2).recent_s
    leave_mark(str(tmp_path), UNREAD)
    assert read_progress(str(tmp_path), 2).recent_s > began

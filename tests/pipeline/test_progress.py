"""Marks in staging, and the line made of them."""

import io

from pipeline.progress import ProgressDisplay, progress_of
from transforms.media.progress_marks import SourceMark, WindowMark, mark_source, mark_window, read_marks

SOURCE = SourceMark(source_id="0123456789abcdef", num_windows=2, num_frames=2000, failed=0)
UNREAD = SourceMark(source_id="unread-0123456", num_windows=0, num_frames=0, failed=1)


def window(index, **counts):
    return WindowMark(
        **{
            "window_id": f"0123456789abcdef-w{index:05d}",
            "num_frames": 1000,
            "tracks": 3,
            "clips": 2,
            "dropped": 1,
            "failed": 0,
        }
        | counts
    )


def test_marks_are_read_as_they_were_written(tmp_path):
    for mark in (SOURCE, UNREAD):
        mark_source(str(tmp_path), mark)
    mark_window(str(tmp_path), window(0))
    assert set(read_marks(str(tmp_path))) == {SOURCE, UNREAD, window(0)}


def test_a_window_tried_again_counts_once(tmp_path):
    mark_window(str(tmp_path), window(0, clips=1))
    mark_window(str(tmp_path), window(0, clips=2))
    assert len(read_marks(str(tmp_path))) == 1


def test_there_are_no_marks_before_staging_is_there(tmp_path):
    assert read_marks(str(tmp_path / "none")) == []


def test_a_remote_staging_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mark_source("gs://bucket/out/.staging/run", SOURCE)
    assert list(tmp_path.iterdir()) == []


def test_rate_and_time_left_follow_from_the_windows():
    progress = progress_of([SOURCE, window(0)], num_inputs=1, following_s=8.0)
    assert progress.rate == 5.0 and progress.left_s == 8.0
    assert "windows 1/2 · 5.0 video s/s · 0:00:08 left" in progress.line()


def test_no_time_left_is_told_before_all_sources_are_known():
    progress = progress_of([SOURCE], num_inputs=2, following_s=8.0)
    assert progress.left_s is None and "left" not in progress.line()


def test_two_names_of_one_content_are_one_source_once_windows_end():
    assert progress_of([SOURCE, window(0)], num_inputs=2, following_s=8.0).num_inputs == 1


def test_failed_sources_and_windows_are_counted():
    assert progress_of([SOURCE, UNREAD, window(0, failed=1)], num_inputs=2, following_s=1.0).failed == 2


def test_a_terminal_shows_the_last_state(tmp_path):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    with ProgressDisplay(str(tmp_path), 1, terminal):
        mark_source(str(tmp_path), SOURCE)
    assert "sources 1/1" in terminal.getvalue()

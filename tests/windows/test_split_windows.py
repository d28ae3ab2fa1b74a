import dataclasses
import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.clock import num_timeline_frames, source_frame_of, timeline_frame_of
from schemas.media import MediaProbe, Timeline, VideoStream
from schemas.records import SpeechTurn, Video
from tests.made_records import made_source
from transforms.windows.split_windows import in_runs, speech_windows, split_windows


def timeline_of(num_frames, key_every, rate=Fraction(25)):
    ticks = np.round(np.arange(num_frames) * 90_000 / float(rate)).astype(np.int64) + 1234
    return Timeline(
        presentation_ticks=ticks, key_frames=np.arange(num_frames) % key_every == 0, time_base=Fraction(1, 90_000)
    )


def video_of(timeline, num_frames, speech=()):
    stream = VideoStream(
        index=0,
        codec="h264",
        width=2,
        height=2,
        coded_width=2,
        coded_height=2,
        rotation_deg=0,
        average_rate=Fraction(25),
        time_base=timeline.time_base,
        num_frames=len(timeline.presentation_ticks),
    )
    probe = MediaProbe(container="mp4", duration_s=1.0, video=stream, audio_streams=(), audio_index=-1)
    return Video(
        source=made_source("/a.mp4"),
        probe=probe,
        num_frames=num_frames,
        timeline_uri="",
        audio_uri="",
        speech=tuple(
            SpeechTurn(start_sample=start, end_sample=end, voice="", overlapped=False) for start, end in speech
        ),
        speech_model="fake",
    )


def judged_windows(video, timeline, min_speech_s=0.2):
    return speech_windows(video, timeline, min_speech_s)


def test_windows_begin_at_the_first_key_frame_from_each_half_minute_on():
    assert split_windows(timeline_of(2500, 100), 2500) == [(0, 800), (800, 1500), (1500, 2300), (2300, 2500)]


def test_a_short_video_is_one_window():
    assert split_windows(timeline_of(75, 250), 75) == [(0, 75)]


def test_without_key_frames_no_window_exceeds_a_minute():
    assert split_windows(timeline_of(4000, 100_000), 4000) == [(0, 1333), (1333, 2666), (2666, 4000)]


def test_no_window_spans_a_jump_of_the_clock_and_none_is_empty():
    before, after = timeline_of(2000, 100), timeline_of(1000, 100)
    ticks = np.concatenate([before.presentation_ticks, after.presentation_ticks + 10 * 3600 * 90_000])
    keys = np.concatenate([before.key_frames, after.key_frames])
    timeline = Timeline(presentation_ticks=ticks, key_frames=keys, time_base=before.time_base)
    num_frames = num_timeline_frames(ticks, timeline.time_base)
    assert split_windows(timeline, num_frames) == [
        (0, 800),
        (800, 1500),
        (1500, 2026),
        (900_000, 900_800),
        (900_800, 901_000),
    ]


def test_a_short_gap_lies_within_a_window():
    ticks = np.concatenate([np.arange(75), np.arange(200, 275)]) * 3600
    timeline = Timeline(presentation_ticks=ticks, key_frames=np.arange(150) % 75 == 0, time_base=Fraction(1, 90_000))
    assert split_windows(timeline, 275) == [(0, 275)]


def test_windows_begin_with_a_frame_that_needs_none_before_its_key_frame():
    timeline = timeline_of(6000, 97, Fraction(60_000, 1001))
    num_frames = num_timeline_frames(timeline.presentation_ticks, timeline.time_base)
    shown = source_frame_of(timeline.presentation_ticks, timeline.time_base, num_frames)
    windows = split_windows(timeline, num_frames)
    assert len(windows) == 4
    for start, _ in windows[1:]:
        key = max(key for key in range(0, 6000, 97) if key <= shown[start])
        assert timeline_frame_of(timeline.presentation_ticks, timeline.time_base, key) == start


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 6000), st.integers(1, 3000), st.sampled_from([Fraction(24_000, 1001), Fraction(25), Fraction(60)])
)
def test_every_frame_is_in_exactly_one_window(num_source_frames, key_every, rate):
    timeline = timeline_of(num_source_frames, key_every, rate)
    num_frames = num_timeline_frames(timeline.presentation_ticks, timeline.time_base)
    windows = split_windows(timeline, num_frames)
    assert [frame for start, end in windows for frame in (start, end)][:-1:2] == [0, *[end for _, end in windows[:-1]]][
        : len(windows)
    ]
    assert all(0 < end - start <= 1500 for start, end in windows)
    assert (windows[-1][1] if windows else 0) == num_frames


def test_a_window_without_speech_is_dropped_and_its_seconds_are_recorded():
    timeline = timeline_of(2500, 750)
    judged = judged_windows(video_of(timeline, 2500, [(0, 2400), (750 * 640, 760 * 640)]), timeline)
    assert [(row.kept, round(row.value, 3)) for _, row in judged] == [
        (False, 0.15),
        (True, 0.4),
        (False, 0.0),
        (False, 0.0),
    ]
    assert judged[0][1].subject_id == "0123456789abcdef-w00000" and judged[0][1].subject_kind == "window"


def test_the_setting_decides_how_much_speech_a_window_needs():
    timeline = timeline_of(2500, 750)
    video = video_of(timeline, 2500, [(0, 2400), (750 * 640, 760 * 640)])
    for min_speech_s, kept in ((0.1, [True, True, False, False]), (0.5, [False] * 4)):
        rows = [row for _, row in judged_windows(video, timeline, min_speech_s)]
        assert [row.kept for row in rows] == kept and {row.threshold for row in rows} == {min_speech_s}


def test_overlapping_turns_count_once():
    timeline = timeline_of(75, 75)
    ((_, row),) = judged_windows(video_of(timeline, 75, [(0, 16_000), (8_000, 24_000), (9_000, 10_000)]), timeline)
    assert row.value == 1.5


def test_a_window_carries_the_speech_within_a_second_of_it_and_no_more():
    timeline = timeline_of(2250, 750)
    turns = [
        (0, 100),
        (29 * 16_000 - 50, 29 * 16_000),
        (29 * 16_000, 29 * 16_000 + 1),
        (35 * 16_000, 36 * 16_000),
        (61 * 16_000 - 1, 62 * 16_000),
        (61 * 16_000, 62 * 16_000),
    ]
    window = judged_windows(video_of(timeline, 2250, turns), timeline)[1][0]
    assert [(turn.start_sample, turn.end_sample) for turn in window.video.speech] == turns[2:5]
    assert (window.start_frame, window.end_frame, window.is_last) == (750, 1500, False)


def test_only_the_last_window_is_last():
    timeline = timeline_of(2250, 750)
    windows = [window for window, _ in judged_windows(video_of(timeline, 2250), timeline)]
    assert [window.is_last for window in windows] == [False, False, True]
    assert dataclasses.replace(windows[0].video, speech=()) == windows[0].video


def runs_of(num_frames, key_every, container, is_remote=False):
    """The windows of each run."""
    timeline = timeline_of(num_frames, key_every)
    video = video_of(timeline, num_frames, [(0, num_frames * 640)])
    video = dataclasses.replace(video, probe=dataclasses.replace(video.probe, container=container))
    windows = in_runs([window for window, _ in judged_windows(video, timeline)], timeline, is_remote)
    return [list(run) for _, run in itertools.groupby(windows, key=lambda window: window.run)]


def test_of_a_short_video_with_an_index_each_window_is_a_run():
    assert [len(run) for run in runs_of(5000, 50, "mov,mp4")] == [1] * 7


def test_nine_minutes_are_shared_by_many_workers():
    runs = runs_of(9 * 60 * 25, 50, "matroska,webm")
    assert [len(run) for run in runs] == [2] * 9


def test_runs_of_a_long_video_have_ten_minutes():
    assert [len(run) for run in runs_of(6 * 3600 * 25, 50, "mov,mp4")] == [20] * 36


def test_a_file_in_a_store_is_read_in_runs_of_ten_minutes_for_each_machine_fetches_it():
    assert [len(run) for run in runs_of(9 * 60 * 25, 50, "mov,mp4", is_remote=True)] == [18]


def test_runs_without_an_index_have_ten_minutes():
    assert [len(run) for run in runs_of(25 * 60 * 25, 50, "mpegts")] == [20, 20, 10]


@pytest.mark.parametrize(("key_every", "num_runs"), [(10**6, 1), (5000, 3)])
def test_a_run_begins_at_a_key_frame_so_that_no_frame_is_decoded_twice(key_every, num_runs):
    runs = runs_of(15_000, key_every, "mov,mp4")
    assert len(runs) == num_runs
    assert [run[0].start_frame % key_every for run in runs] == [0] * num_runs

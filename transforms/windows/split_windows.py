"""Where windows begin and end: at key frames, so that no frame is decoded twice. Arithmetic only."""

import dataclasses
import itertools

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME, source_frame_of, timeline_parts
from schemas.decisions import DecisionLog, Rule
from schemas.media import Timeline
from schemas.records import Video, Window
from schemas.tables import DecisionRow
from transforms.media.speech_seconds import speech_seconds

STAGE = "SplitWindows"
_EVERY_FRAMES = 30 * FRAME_RATE
_MAX_FRAMES = 60 * FRAME_RATE
_LONGEST_RUN_FRAMES = 600 * FRAME_RATE
_RUNS_OF_A_FILE = 16
_SPEECH_MARGIN = SAMPLE_RATE_HZ  # samples on each side of a window whose speech the window carries

WINDOW_RULES: tuple[Rule[float], ...] = (
    Rule(name="has_speech", comparison=">=", value=lambda speech_s: speech_s, setting="speech.min_speech_s", unit="s"),
)
"""The rules for a window, given its seconds of speech."""


def split_windows(timeline: Timeline, num_frames: int) -> list[tuple[int, int]]:
    """Half-open ranges of timeline frames that hold each image once; none is empty or longer than 60 s.

    Window k of each part of the timeline begins at the first key frame at or after 30 s * k of it. Where key frames are
    more than 60 s apart, windows also begin between them.
    """
    keys = _timeline_frames_of_keys(timeline)
    shown = source_frame_of(timeline.presentation_ticks, timeline.time_base, num_frames)
    return [window for start, end in timeline_parts(shown) for window in _windows_of_part(keys, start, end)]


def speech_windows(video: Video, timeline: Timeline, min_speech_s: float) -> list[tuple[Window, DecisionRow]]:
    """Every window of a video, with the decision that keeps it or drops it for lack of speech."""
    ranges = split_windows(timeline, video.num_frames)
    return [
        _judged(_window(video, index, start, end, index == len(ranges) - 1), min_speech_s)
        for index, (start, end) in enumerate(ranges)
    ]


def in_runs(windows: list[Window], timeline: Timeline, is_remote: bool = False) -> list[Window]:
    """The windows of one video with the numbers of their runs; those of a run are read by one worker, in order.

    A run is a sixteenth of the video and ten minutes at most: many workers share a short video, and of a long one 36
    runs of six hours each pay for opening it. Without an index opening costs more, and a file in a store is fetched by
    each machine that reads a run: then a run has ten minutes. A run begins at a key frame, so that no frame is decoded
    twice.
    """
    keys = set(_timeline_frames_of_keys(timeline).tolist())
    lengths = [window.end_frame - window.start_frame for window in windows]
    opens_fast = not is_remote and all(window.video.probe.is_indexed for window in windows)
    wanted = min(sum(lengths) / _RUNS_OF_A_FILE, _LONGEST_RUN_FRAMES) if opens_fast else _LONGEST_RUN_FRAMES
    numbered, run, held = [], 0, 0
    for window, length in zip(windows, lengths, strict=True):
        if held >= wanted and window.start_frame in keys:
            run, held = run + 1, 0
        numbered.append(dataclasses.replace(window, run=run))
        held += length
    return numbered


def _judged(window: Window, min_speech_s: float) -> tuple[Window, DecisionRow]:
    speech_s = speech_seconds(
        window.video.speech, window.start_frame * SAMPLES_PER_FRAME, window.end_frame * SAMPLES_PER_FRAME
    )
    settings = {"speech.min_speech_s": min_speech_s}
    log = DecisionLog(stage=STAGE, source_id=window.video.source.source_id, settings=settings)
    log.keeps(window.window_id, "window", speech_s, WINDOW_RULES)
    return window, log.rows[0]


def _window(video: Video, index: int, start_frame: int, end_frame: int, is_last: bool) -> Window:
    first = start_frame * SAMPLES_PER_FRAME - _SPEECH_MARGIN
    last = end_frame * SAMPLES_PER_FRAME + _SPEECH_MARGIN
    near = tuple(turn for turn in video.speech if turn.end_sample > first and turn.start_sample < last)
    return Window(
        video=dataclasses.replace(video, speech=near),
        index=index,
        start_frame=start_frame,
        end_frame=end_frame,
        is_last=is_last,
    )


def _timeline_frames_of_keys(timeline: Timeline) -> np.ndarray:
    """First timeline frame that shows each key frame or a later one: schemas.clock.timeline_frame_of, vectorised."""
    ticks = timeline.presentation_ticks[timeline.key_frames] - timeline.presentation_ticks[0]
    numerator, denominator = timeline.time_base.numerator, timeline.time_base.denominator
    return np.maximum(-((denominator - ticks * (2 * FRAME_RATE * numerator)) // (2 * denominator)), 0)


def _windows_of_part(keys: np.ndarray, first: int, last: int) -> list[tuple[int, int]]:
    """Windows of the timeline frames first to last, last excluded; keys: timeline frames of key frames, int (K,)."""
    wanted = np.arange(first + _EVERY_FRAMES, last, _EVERY_FRAMES)
    places = np.searchsorted(keys, wanted)
    found = keys[places[places < len(keys)]]
    edges = [first, *sorted(set(found[(found > first) & (found < last)].tolist())), last]
    return [part for start, end in itertools.pairwise(edges) for part in _equal_parts(start, end)]


def _equal_parts(start: int, end: int) -> list[tuple[int, int]]:
    num_parts = -(-(end - start) // _MAX_FRAMES)
    edges = [start + (end - start) * part // num_parts for part in range(num_parts + 1)] if num_parts else []
    return list(itertools.pairwise(edges))

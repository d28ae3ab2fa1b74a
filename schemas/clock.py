"""Time: the 25 frames/s image timeline, its 16 kHz audio, and how source frames map onto it.

Zero is the presentation time of the first video frame. Timeline frame k is what the source shows at (k + 1/2) / 25 s
after zero; audio is placed by its own presentation times. Ranges are half-open; frames and samples are ints.

An image lasts until the next one, but not much longer than its neighbours last: after that there is no image (the
camera is off, the capture stalls, packets are lost, the clock jumps).
"""

from fractions import Fraction

import numpy as np

FRAME_RATE = 25
SAMPLE_RATE_HZ = 16_000
SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // FRAME_RATE  # 640
COLUMNS_PER_FRAME = 4  # MFCC columns, 100 per second
NO_IMAGE = -1  # in place of a source frame, where none is shown

_NUM_NEIGHBOURS = 11  # on each side; their median says how long images last there
_MIN_OVERLONG = Fraction(5, 2)  # times as long as its neighbours: from there on an image lasts too long
_OVERLONG_LASTS = 2  # times as long as its neighbours: what is left of it
_ALWAYS_LASTS_S = Fraction(2, FRAME_RATE)  # s, so that a lost frame or two of a fast source leave no gap
_PART_GAP_FRAMES = 10 * FRAME_RATE  # a longer gap parts the timeline
_PART_TAIL_FRAMES = FRAME_RATE  # of that gap belong to the part before it, so that every track ends in it


def seconds_from_frames(frames: int) -> float:
    """Seconds that `frames` timeline frames last."""
    return frames / FRAME_RATE


def num_timeline_frames(presentation_ticks: np.ndarray, time_base: Fraction) -> int:
    """Timeline frames that have an image: the last source frame is shown for as long as the median frame."""
    ticks = _from_zero(presentation_ticks)
    last_ticks = int(np.median(np.diff(ticks))) if len(ticks) > 1 else _ticks(Fraction(1, FRAME_RATE), time_base)
    end = Fraction(int(ticks[-1]) + max(last_ticks, 1)) * time_base
    # Frame k exists when its middle, (k + 1/2) / 25 s, is shown.
    return max(0, int(end * FRAME_RATE + Fraction(1, 2)))


def source_frame_of(presentation_ticks: np.ndarray, time_base: Fraction, num_frames: int) -> np.ndarray:
    """Source frame shown at each timeline frame; NO_IMAGE where the last image has lasted too long.

    presentation_ticks: int64 (N,), ascending, in units of `time_base` seconds. Returns int64 (num_frames,), values in
    0..N-1 or NO_IMAGE. Exact: compares integers, so 30000/1001 is not 29.97, and variable frame rates need no special
    case.
    """
    ticks = _from_zero(presentation_ticks)
    scale = 2 * FRAME_RATE * time_base.numerator
    middles = (2 * np.arange(num_frames, dtype=np.int64) + 1) * time_base.denominator
    shown = np.clip(np.searchsorted(ticks * scale, middles, side="right") - 1, 0, len(ticks) - 1)
    for frame, lasts in _overlong_frames(np.diff(ticks), time_base):
        first, last = np.searchsorted(middles, np.array([ticks[frame] + lasts, ticks[frame + 1]]) * scale)
        shown[first:last] = NO_IMAGE
    return shown


def image_gaps(source_frames: np.ndarray) -> list[tuple[int, int]]:
    """Half-open ranges of timeline frames without an image; source_frames: as `source_frame_of` returns them."""
    is_missing = np.concatenate([[False], np.asarray(source_frames) == NO_IMAGE, [False]])
    edges = np.flatnonzero(np.diff(is_missing.astype(np.int8)))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def timeline_parts(source_frames: np.ndarray) -> list[tuple[int, int]]:
    """Half-open ranges of timeline frames that hold every image; between two of them lie at least 9 s without one."""
    long_gaps = [gap for gap in image_gaps(source_frames) if gap[1] - gap[0] > _PART_GAP_FRAMES]
    starts = [0, *(end for _, end in long_gaps)]
    ends = [*(first + _PART_TAIL_FRAMES for first, _ in long_gaps), len(source_frames)]
    return list(zip(starts, ends, strict=True))


def timeline_frame_of(presentation_ticks: np.ndarray, time_base: Fraction, source_frame: int) -> int:
    """First timeline frame that shows source frame `source_frame` or a later one."""
    ticks = _from_zero(presentation_ticks)
    seconds = Fraction(int(ticks[source_frame])) * time_base
    return max(0, -((-(seconds * FRAME_RATE - Fraction(1, 2))) // 1))


def _from_zero(presentation_ticks: np.ndarray) -> np.ndarray:
    """Ticks int64 (N,) from the first one on; ValueError unless they are a vector that ascends."""
    ticks = np.asarray(presentation_ticks, np.int64)
    if ticks.ndim != 1 or len(ticks) == 0:
        raise ValueError(f"presentation_ticks must be a non-empty vector, not shape {ticks.shape}")
    if len(ticks) > 1 and np.any(np.diff(ticks) < 0):
        raise ValueError("presentation_ticks must ascend")
    return ticks - ticks[0]


def _ticks(seconds: Fraction, time_base: Fraction) -> int:
    return int(seconds / time_base)


def _overlong_frames(durations: np.ndarray, time_base: Fraction) -> list[tuple[int, int]]:
    """(source frame, ticks that its image lasts) of the frames that last much longer than those on both sides of them.

    durations: int64 (N,), ticks from each frame to the next.
    """
    always_lasts = _ticks(_ALWAYS_LASTS_S, time_base)
    slow = np.flatnonzero(durations > int(_MIN_OVERLONG * always_lasts / _OVERLONG_LASTS))
    if len(durations) < 2 or not len(slow):
        return []
    lasts = np.maximum(_around(durations, slow, -_NUM_NEIGHBOURS), _around(durations, slow, 0))
    is_overlong = durations[slow] * _MIN_OVERLONG.denominator > lasts * _MIN_OVERLONG.numerator
    limits = np.maximum(lasts[is_overlong] * _OVERLONG_LASTS, always_lasts)
    return list(zip(slow[is_overlong].tolist(), limits.tolist(), strict=True))


def _around(durations: np.ndarray, frames: np.ndarray, first: int) -> np.ndarray:
    """Lower median of the durations at `first` and the next 11 places from each frame on, but for the frame's own."""
    num_places = min(_NUM_NEIGHBOURS + 1, len(durations))
    starts = np.clip(frames + first, 0, len(durations) - num_places)
    places = starts[:, None] + np.arange(num_places)
    others = np.where(places == frames[:, None], np.iinfo(np.int64).max, durations[places])
    return np.sort(others, axis=1)[:, (num_places - 2) // 2]

"""Time: the 25 frames/s image timeline, its 16 kHz audio, and how source frames map onto it.

Zero is the presentation time of the first video frame. Timeline frame k is what the source shows at (k + 1/2) / 25 s
after zero; audio is placed by its own presentation times. Ranges are half-open; frames and samples are ints.
"""

from fractions import Fraction

import numpy as np

FRAME_RATE = 25
SAMPLE_RATE_HZ = 16_000
SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // FRAME_RATE  # 640
COLUMNS_PER_FRAME = 4  # MFCC columns, 100 per second


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
    """Source frame shown at each timeline frame.

    presentation_ticks: int64 (N,), ascending, in units of `time_base` seconds. Returns int64 (num_frames,), values in
    0..N-1. Exact: compares integers, so 30000/1001 is not 29.97, and variable frame rates need no special case.
    """
    ticks = _from_zero(presentation_ticks)
    scaled = ticks * (2 * FRAME_RATE * time_base.numerator)
    middles = (2 * np.arange(num_frames, dtype=np.int64) + 1) * time_base.denominator
    return np.clip(np.searchsorted(scaled, middles, side="right") - 1, 0, len(ticks) - 1)


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

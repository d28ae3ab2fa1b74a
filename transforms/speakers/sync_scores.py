"""What the similarity of a face's and a sound's embeddings says: by how much the sound is late, how surely, and when.

Shift and lag have one sign everywhere: at shift k a face's frame t meets the sound's frame t + k: + = the sound is
late.
"""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import theilslopes

from schemas.clock import FRAME_RATE

MAX_SHIFT = 15
SHIFTS = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)
NUM_SHIFTS = len(SHIFTS)

_NEAR_PEAK = 2  # frames on each side of the peak that belong to it
_LEAST_SHARE = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMeasure:
    """What one curve says."""

    lag_frames: float  # + = the sound is late; between frames by a parabola through the peak
    confidence: float  # peak - median
    margin: float  # peak - best value more than two frames away


def dot_products(face: np.ndarray, sound: np.ndarray) -> np.ndarray:
    """Dot product of each row (N, D) with the row beside it: float32 (N,)."""
    return np.einsum("nd,nd->n", face, sound)


def similarity(face: np.ndarray, sound: np.ndarray, sound_start_frame: int = 0, speech: np.ndarray | None = None,
               likeness: Callable[[np.ndarray, np.ndarray], np.ndarray] = dot_products) -> np.ndarray:
    """Likeness of each face frame to the sound at each shift; NaN where there is no sound, never a padded value.

    face: (T, D); sound: (S, D), whose first is frame `sound_start_frame` as the face counts (-25 when the sound begins
    a second before the face). speech: bool (S,), sound frames that count, the others are NaN too; None: all. likeness:
    the network's own, see SyncNetwork. Returns float32 (T, 31), shifts -15..15.
    """
    counts = np.ones(len(sound), bool) if speech is None else speech
    position = np.arange(len(face))[:, None] + SHIFTS - sound_start_frame
    exists = (position >= 0) & (position < len(sound))
    exists[exists] = counts[position[exists]]
    values = np.full(position.shape, np.nan, np.float32)
    for column in range(NUM_SHIFTS):
        rows = np.nonzero(exists[:, column])[0]
        values[rows, column] = likeness(face[rows], sound[position[rows, column]])
    return values


def sync_curve(similarities: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Mean over the frames in `mask` (bool (T,), None: all) at each shift: float32 (31,), NaN where too few.

    Too few are fewer than a third of what the best furnished shift has: they would say more about where the sound ends
    than about sync.
    """
    judged = similarities if mask is None else similarities[mask]
    exists = np.isfinite(judged)
    count = exists.sum(0)
    mean = np.where(exists, judged, 0).sum(0, dtype=np.float64) / np.maximum(count, 1)
    enough = (count > 0) & (count >= _LEAST_SHARE * count.max())
    return np.where(enough, mean, np.nan).astype(np.float32)


def measure(curve: np.ndarray) -> SyncMeasure:
    """Lag, confidence and margin of a curve (31,); NaN entries are left out, ValueError when nothing is left."""
    if not np.isfinite(curve).any():
        raise ValueError("a sync curve without a single value measures nothing")
    peak = int(np.nanargmax(curve))
    away = np.abs(SHIFTS - SHIFTS[peak]) > _NEAR_PEAK
    others = curve[away & np.isfinite(curve)]
    return SyncMeasure(
        lag_frames=float(SHIFTS[peak] + _parabola_top(curve, peak)),
        confidence=float(curve[peak] - np.nanmedian(curve)),
        margin=float(curve[peak] - others.max()) if len(others) else 0.0,
    )


def stretch_lags(similarities: np.ndarray, mask: np.ndarray, stretch_frames: int) -> list[tuple[float, SyncMeasure]]:
    """Middle frame and measure of each stretch of `stretch_frames` whose frames are at least half in the mask."""
    found = []
    for start in range(0, len(mask) - stretch_frames + 1, stretch_frames):
        span = slice(start, start + stretch_frames)
        curve = sync_curve(similarities[span], mask[span])
        if 2 * mask[span].sum() >= stretch_frames and np.isfinite(curve).any():
            found.append((start + (stretch_frames - 1) / 2, measure(curve)))
    return found


def drift_frames_per_minute(middle_frames: np.ndarray, lags_frames: np.ndarray) -> float | None:
    """Slope of lags measured at some frames, by Theil and Sen: one wild lag does not move it. None below three lags."""
    if len(middle_frames) < 3:
        return None
    return float(theilslopes(lags_frames, np.asarray(middle_frames) / (60 * FRAME_RATE)).slope)


def activity(similarities: np.ndarray, lag_frames: float, smoothing_frames: int = 13) -> np.ndarray:
    """How much better each face frame fits the sound at the lag than at other shifts, smoothed: float32 (T,).

    About zero for a face that is silent, or not heard; about the confidence for one that speaks. Frames without sound
    at the lag take from their neighbours, and are zero without any.
    """
    column = int(np.clip(round(lag_frames), -MAX_SHIFT, MAX_SHIFT)) + MAX_SHIFT
    exists = np.isfinite(similarities[:, column])
    excess = np.zeros(len(similarities))
    excess[exists] = similarities[exists, column] - np.nanmedian(similarities[exists], axis=1)
    window = np.hanning(smoothing_frames + 2)[1:-1]
    weight = _same_length(exists.astype(np.float64), window)
    return (_same_length(excess, window) / np.maximum(weight, 1e-9)).astype(np.float32)


def _same_length(values: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Convolution with a window of odd length, as long as the values even where the window is longer."""
    half = len(window) // 2
    return np.convolve(values, window)[half:half + len(values)]


def _parabola_top(curve: np.ndarray, peak: int) -> float:
    """Where a parabola through the peak and its neighbours has its top, -0.5..0.5 frames from the peak."""
    if peak in (0, len(curve) - 1) or not np.isfinite(curve[peak - 1:peak + 2]).all():
        return 0.0
    before, top, after = (float(value) for value in curve[peak - 1:peak + 2])
    bend = before - 2 * top + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0

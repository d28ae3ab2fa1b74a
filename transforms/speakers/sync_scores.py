"""What the similarity of a face's and audio's embeddings says: by how much the audio is late, how surely, and when.

Shift and lag have one sign everywhere: at shift k a face's frame t meets the sound's frame t + k: + = the audio is
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
_MIN_SHARE = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMeasure:
    """What one curve says."""

    lag_frames: float  # + = the audio is late; between frames by a parabola through the peak
    peak: float  # the curve's highest value
    confidence: float  # peak - median
    margin: float  # peak - best value more than two frames away


def dot_products(face: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """Dot product of each row (N, D) with the row beside it: float32 (N,)."""
    return np.einsum("nd,nd->n", face, audio)


def similarity(
    face: np.ndarray,
    audio: np.ndarray,
    audio_start_frame: int = 0,
    speech: np.ndarray | None = None,
    likeness: Callable[[np.ndarray, np.ndarray], np.ndarray] = dot_products,
) -> np.ndarray:
    """Likeness of each face frame to the audio at each shift; NaN where there is no audio, never a padded value.

    face: (T, D); audio: (S, D), whose first is frame `sound_start_frame` as the face counts (-25 when the audio begins
    a second before the face). speech: bool (S,), audio frames that count, the others are NaN too; None: all. likeness:
    the network's own, see SyncNetwork. Returns float32 (T, 31), shifts -15..15.
    """
    counts = np.ones(len(audio), bool) if speech is None else speech
    position = np.arange(len(face))[:, None] + SHIFTS - audio_start_frame
    exists = (position >= 0) & (position < len(audio))
    exists[exists] = counts[position[exists]]
    values = np.full(position.shape, np.nan, np.float32)
    for column in range(NUM_SHIFTS):
        rows = np.nonzero(exists[:, column])[0]
        values[rows, column] = likeness(face[rows], audio[position[rows, column]])
    return values


def sync_curve(similarities: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Mean over the frames in `mask` (bool (T,), None: all) at each shift: float32 (31,), NaN where too few.

    Too few are fewer than a third of what the best furnished shift has: they would say more about where the audio ends
    than about sync.
    """
    judged = similarities if mask is None else similarities[mask]
    exists = np.isfinite(judged)
    count = exists.sum(0)
    mean = np.where(exists, judged, 0).sum(0, dtype=np.float64) / np.maximum(count, 1)
    enough = (count > 0) & (count >= _MIN_SHARE * count.max())
    return np.where(enough, mean, np.nan).astype(np.float32)


def measure(curve: np.ndarray) -> SyncMeasure:
    """Lag, confidence and margin of a curve (31,); NaN entries are left out, ValueError when nothing is left."""
    if not np.isfinite(curve).any():
        raise ValueError("a sync curve without a single value measures nothing")
    peak = int(np.nanargmax(curve))
    away = np.abs(SHIFTS - SHIFTS[peak]) > _NEAR_PEAK
    others = curve[away & np.isfinite(curve)]
    return SyncMeasure(
        lag_frames=float(peak_lags(curve[None])[0]),
        peak=float(curve[peak]),
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


def same_length(values: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Convolution with a window of odd length, as long as the values even where the window is longer."""
    half = len(window) // 2
    return np.convolve(values, window)[half : half + len(values)]


def peak_lags(curves: np.ndarray) -> np.ndarray:
    """Lag of each curve (N, 31), none all NaN: float64 (N,), between frames by a parabola through the peak."""
    curves = np.asarray(curves, np.float64)
    rows, peaks = np.arange(len(curves)), np.nanargmax(curves, axis=1)
    inner = np.clip(peaks, 1, curves.shape[1] - 2)
    before, top, after = (curves[rows, inner + step] for step in (-1, 0, 1))
    bend = before - 2 * top + after
    bent = (inner == peaks) & (bend < 0)  # not at the curve's end, and no neighbour is NaN
    tips = np.where(bent, (before - after) / np.where(bent, 2 * bend, 1.0), 0.0)
    return SHIFTS[peaks] + np.clip(tips, -0.5, 0.5)

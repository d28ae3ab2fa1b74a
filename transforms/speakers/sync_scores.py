"""Similarity of face and audio embeddings over shifts: the sync curve, and the lag, confidence and margin it gives.

Shift and lag have the same sign everywhere: at shift k, frame t of a face is compared with frame t + k of the audio, so
a positive lag means that the audio is late.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from schemas.clock import FRAME_RATE

MAX_SHIFT = 15
SHIFTS = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)
NUM_SHIFTS = len(SHIFTS)

_NEAR_PEAK = 2  # frames on each side of the peak that belong to it
_MIN_SHARE = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMeasure:
    """Lag and strength of the peak of one curve."""

    lag_frames: float  # + = the audio is late; between frames by a parabola through the peak
    peak: float  # the curve's highest value
    confidence: float  # peak - median
    margin: float  # peak - best value more than two frames away


def dot_products(face: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """Dot products of N face vectors (N, D) with N audio vectors (N, D), pair by pair: float32 (N,)."""
    return np.einsum("nd,nd->n", face, audio)


def similarity(
    face: np.ndarray,
    audio: np.ndarray,
    audio_start_frame: int = 0,
    speech: np.ndarray | None = None,
    pair_similarity: Callable[[np.ndarray, np.ndarray], np.ndarray] = dot_products,
) -> np.ndarray:
    """Similarity of each face frame to the audio at each shift; NaN where there is no audio, never a padded value.

    face: (T, D). audio: (S, D), whose first vector is at frame `audio_start_frame` as the face counts (-25 when the
    audio begins a second before the face). speech: bool (S,), the audio frames that count, the others are NaN too;
    None: all. pair_similarity: the network's own, see SyncNetwork.similarity. Returns float32 (T, 31), shifts -15..15.
    """
    counts = np.ones(len(audio), bool) if speech is None else speech
    position = np.arange(len(face))[:, None] + SHIFTS - audio_start_frame
    exists = (position >= 0) & (position < len(audio))
    exists[exists] = counts[position[exists]]
    values = np.full(position.shape, np.nan, np.float32)
    for column in range(NUM_SHIFTS):
        rows = np.nonzero(exists[:, column])[0]
        values[rows, column] = pair_similarity(face[rows], audio[position[rows, column]])
    return values


def sync_curve(similarities: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Mean similarity at each shift over the frames in `mask` (bool (T,), None: all): float32 (31,).

    NaN at shifts with less than a third of the frames of the best-covered shift: there the mean would say more about
    where the audio ends than about sync.
    """
    used = similarities if mask is None else similarities[mask]
    exists = np.isfinite(used)
    count = exists.sum(0)
    mean = np.where(exists, used, 0).sum(0, dtype=np.float64) / np.maximum(count, 1)
    enough = (count > 0) & (count >= _MIN_SHARE * count.max())
    return np.where(enough, mean, np.nan).astype(np.float32)


def measure(curve: np.ndarray) -> SyncMeasure:
    """Lag, peak, confidence and margin of a curve (31,). NaN entries are ignored; ValueError when all are NaN."""
    if not np.isfinite(curve).any():
        raise ValueError("a sync curve must have at least one value that is not NaN")
    peak = int(np.nanargmax(curve))
    away = np.abs(SHIFTS - SHIFTS[peak]) > _NEAR_PEAK
    others = curve[away & np.isfinite(curve)]
    return SyncMeasure(
        lag_frames=float(peak_lags(curve[None])[0]),
        peak=float(curve[peak]),
        confidence=float(curve[peak] - np.nanmedian(curve)),
        margin=float(curve[peak] - others.max()) if len(others) else 0.0,
    )


def measure_segments(
    similarities: np.ndarray, mask: np.ndarray, segment_frames: int
) -> list[tuple[float, SyncMeasure]]:
    """Middle frame and measure of each segment of `segment_frames` whose frames are at least half in the mask."""
    found = []
    for start in range(0, len(mask) - segment_frames + 1, segment_frames):
        span = slice(start, start + segment_frames)
        curve = sync_curve(similarities[span], mask[span])
        if 2 * mask[span].sum() >= segment_frames and np.isfinite(curve).any():
            found.append((start + (segment_frames - 1) / 2, measure(curve)))
    return found


def drift_frames_per_minute(middle_frames: np.ndarray, lags_frames: np.ndarray) -> float | None:
    """Theil-Sen slope of lags measured at some frames, which one outlier does not move; None below three lags."""
    if len(middle_frames) < 3:
        return None
    return float(scipy.stats.theilslopes(lags_frames, np.asarray(middle_frames) / (60 * FRAME_RATE)).slope)


def same_length(values: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Convolution with a window of odd length; the result has the values' length even where the window is longer."""
    half = len(window) // 2
    return np.convolve(values, window)[half : half + len(values)]


def peak_lags(curves: np.ndarray) -> np.ndarray:
    """Lags float64 (N,) of curves (N, 31), none of them all NaN; between frames by a parabola through the peak."""
    curves = np.asarray(curves, np.float64)
    rows, peaks = np.arange(len(curves)), np.nanargmax(curves, axis=1)
    inner = np.clip(peaks, 1, curves.shape[1] - 2)
    before, top, after = (curves[rows, inner + step] for step in (-1, 0, 1))
    bend = before - 2 * top + after
    bent = (inner == peaks) & (bend < 0)  # not at the curve's end, and no neighbour is NaN
    tips = np.where(bent, (before - after) / np.where(bent, 2 * bend, 1.0), 0.0)
    return SHIFTS[peaks] + np.clip(tips, -0.5, 0.5)

"""Lip closures: moments where the lips meet after the mouth was open, and whether generated lips meet there too."""

import numpy as np

CLOSED_SHARE, OPEN_SHARE = 0.15, 0.4
"""Below the first share of the clip's own range (5th to 95th percentile) the mouth is closed, above the second open."""
MAX_CLOSED = 0.07  # eye distances: lips that are farther apart do not meet, however little the mouth moves
MIN_RANGE = 0.03  # eye distances: a mouth that moves less has no closures that could be told from noise
REACH_FRAMES = 2  # a closure may come so much early or late
TOLERANCE = 0.02  # eye distances: about a pixel of a face of 112 px
MIN_RISE = 0.25  # of how far the true mouth had opened: a mouth that is never open closes nothing


def find_closures(opening: np.ndarray) -> np.ndarray:
    """Frames where the lips are closest, one each time that the mouth closes after being open: int64 (M,).

    opening: (K,) inner-lip distances in eye distances, see mouth_opening.
    """
    low, high = np.percentile(opening, [5, 95])
    if high - low < MIN_RANGE:
        return np.empty(0, np.int64)
    closed = min(low + CLOSED_SHARE * (high - low), MAX_CLOSED)
    opened = np.flatnonzero(opening >= low + OPEN_SHARE * (high - low))
    ends = np.append(opened[1:], len(opening))
    lowest = [
        start + 1 + int(opening[start + 1 : end].argmin())
        for start, end in zip(opened, ends, strict=True)
        if end > start + 1
    ]
    return np.array([frame for frame in lowest if opening[frame] <= closed], np.int64)


def closures_at(opening: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Those closures of a mouth, as find_closures gives them, that lie near given moments (frames): int64 (M,)."""
    closures = find_closures(opening)
    near = np.abs(closures[:, None] - np.asarray(moments)[None]) <= REACH_FRAMES
    return closures[near.any(1)]


def count_found(opening: np.ndarray, true_opening: np.ndarray, closures: np.ndarray) -> int:
    """How many of the true mouth's closures another mouth makes.

    It does where its lips come as close as the true ones, to the tolerance and within REACH_FRAMES, after it had opened
    by a part of what the true mouth had opened since the closure before. Both openings: (K,), in eye distances.
    """
    starts = np.concatenate([[0], closures])[:-1]
    return sum(
        _is_found(opening, true_opening, int(start), int(frame))
        for start, frame in zip(starts, closures, strict=True)
        if frame < len(opening)
    )


def _is_found(opening: np.ndarray, true_opening: np.ndarray, start: int, frame: int) -> bool:
    closest = opening[max(frame - REACH_FRAMES, 0) : frame + REACH_FRAMES + 1].min()
    rise = opening[start : frame + 1].max() - closest
    true_rise = true_opening[start : frame + 1].max() - true_opening[frame]
    return bool(closest <= true_opening[frame] + TOLERANCE and rise >= MIN_RISE * true_rise)

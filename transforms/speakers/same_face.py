"""Whether two faces in view are one person: a self view, a mirror, a second camera.

Lips that move alike, frame for frame, say the same words at the same time. Of such faces one is judged, and the other
is no second speaker. Measured on real recordings, in pairs of 2 s: of two people, whose sentences mostly began in the
same frame, one pair in a thousand correlates above 0.70, and the highest of 2,200 pairs is 0.75. A self view of 37 to
61 px correlates by 0.78 to 0.96 with the face of 150 to 240 px that it copies, mirrored or not, up to 4 frames late.
"""

from collections.abc import Sequence

import numpy as np
import scipy

from schemas.clock import FRAME_RATE
from transforms.speakers.candidate import Candidate
from transforms.speakers.lip_motion import MIRRORED, lip_motion

MIN_SHARED_FRAMES = 2 * FRAME_RATE
"""Faces that are in view together for a shorter time are not compared."""
_MAX_SHIFT_FRAMES = 5  # a second view may be late
_SMOOTHING_FRAMES = 1.0  # standard deviation: the mesh of a small face is noisy
_SLOW_FRAMES = FRAME_RATE  # what changes over a longer time is the head's pose
_MAX_COMPARED_FRAMES = 10 * FRAME_RATE


def lip_series(mesh: np.ndarray) -> np.ndarray:
    """Motion of the lips of a mesh (T, 468, 3), the same for a face and its mirror image: float32 (T, 192)."""
    motion = lip_motion(mesh)
    mirrored = motion.reshape(len(motion), -1, 3)[:, MIRRORED] * np.array([-1, 1, 1], np.float32)
    symmetric = scipy.ndimage.gaussian_filter1d(
        (motion + mirrored.reshape(motion.shape)) / 2, _SMOOTHING_FRAMES, axis=0
    )
    return symmetric - scipy.ndimage.uniform_filter1d(symmetric, _SLOW_FRAMES, axis=0, mode="nearest")


def lip_correlation(series: np.ndarray, other: np.ndarray) -> float:
    """Correlation (-1..1) of two faces' lip series of the same T frames, at the shift at which it is highest."""
    num_frames = min(len(series), _MAX_COMPARED_FRAMES)
    return max(
        _correlation(
            series[max(0, shift) : num_frames + min(0, shift)], other[max(0, -shift) : num_frames - max(0, shift)]
        )
        for shift in range(-_MAX_SHIFT_FRAMES, _MAX_SHIFT_FRAMES + 1)
    )


def _correlation(series: np.ndarray, other: np.ndarray) -> float:
    """Of all columns together, each weighted by how much it moves; 0 where nothing moves."""
    series, other = series - series.mean(0), other - other.mean(0)
    power = float((series**2).sum()) * float((other**2).sum())
    return float((series * other).sum()) / power**0.5 if power > 0 else 0.0


def shared_frames(face: Candidate, other: Candidate) -> int:
    """Frames in which both are in view."""
    return min(face.track.end_frame, other.track.end_frame) - max(face.track.start_frame, other.track.start_frame)


def highest_correlation(
    face: Candidate, series: np.ndarray, others: Sequence[tuple[Candidate, np.ndarray]]
) -> float | None:
    """Of a face's lip series with those of other faces, over the frames in which both are in view; None without any."""
    found = []
    for other, of_other in others:
        num_frames, first = shared_frames(face, other), max(face.track.start_frame, other.track.start_frame)
        if num_frames >= MIN_SHARED_FRAMES:
            start, begin = first - face.track.start_frame, first - other.track.start_frame
            found.append(lip_correlation(series[start : start + num_frames], of_other[begin : begin + num_frames]))
    return max(found, default=None)

"""A mouth space from clips: principal components of lip motion within people."""

import numpy as np

from speech2vid.motion.mouth_space import MouthSpace
from speech2vid.motion_training.people import MotionClip, frames_by_person

_STILL_Y, _MOVING_Y = 0.1, 0.5
"""In the head's frame: points above the first do not move with speech, points below the second do in full."""
_POWER = -0.6  # weight of a person's frame: its number of frames to this power


def fit_space(clips: list[MotionClip], num_components: int) -> MouthSpace:
    """Fit a space to the clips; people with many frames do not outweigh the others."""
    means = person_means(clips, [clip.lips for clip in clips])
    moved = np.concatenate([clip.lips - means[clip.speaker] for clip in clips]).astype(np.float64)
    weights = _weights(clips)
    _, _, axes = np.linalg.svd(moved * np.sqrt(weights)[:, None], full_matrices=False)
    components = _signed(axes[:num_components])
    mean = np.mean(list(means.values()), 0)
    within, between = _variances(clips, [(clip.lips - mean) @ components.T for clip in clips], weights)
    return MouthSpace(
        mean=mean,
        components=components,
        displacements=_displacements(clips, moved @ components.T, weights),
        within=within,
        between=np.maximum(between, 1e-3 * within),
    )


def person_means(clips: list[MotionClip], values: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Mean over all frames of each person of values (T, ...) of each clip."""
    by_person: dict[str, list[np.ndarray]] = {}
    for clip, value in zip(clips, values, strict=True):
        by_person.setdefault(clip.speaker, []).append(value)
    return {speaker: np.concatenate(found).mean(0, dtype=np.float64) for speaker, found in by_person.items()}


def _variances(clips: list[MotionClip], shapes: list[np.ndarray], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance of the shapes within a clip, and of clips' mean shapes, (P,), of shapes (T, P) of each clip.

    Of clips, not of people: who is known by some stills is known by one day's pose and mood.
    """
    means = [found.mean(0) for found in shapes]
    moved = np.concatenate([found - mean for found, mean in zip(shapes, means, strict=True)])
    by_person = person_means(clips, [mean[None] ** 2 for mean in means])
    return (moved**2 * weights[:, None]).sum(0), np.mean(list(by_person.values()), 0)


def _weights(clips: list[MotionClip]) -> np.ndarray:
    """Weight of each frame of all clips, in sum 1."""
    frames = frames_by_person(clips)
    weights = np.concatenate([np.full(clip.num_frames, frames[clip.speaker] ** _POWER) for clip in clips])
    return weights / weights.sum()


def _displacements(clips: list[MotionClip], shapes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How all points (P, 468, 3) move with each component: least squares over the frames."""
    means = person_means(clips, [clip.points for clip in clips])
    moved = np.concatenate([clip.points - means[clip.speaker] for clip in clips])
    weighted = shapes * weights[:, None]
    solved = np.linalg.solve(weighted.T @ shapes, weighted.T @ moved.reshape(len(moved), -1))
    height = np.mean(list(means.values()), 0)[:, 1]
    share = np.clip((height - _STILL_Y) / (_MOVING_Y - _STILL_Y), 0, 1)
    return solved.reshape(-1, *moved.shape[1:]) * share[:, None]


def _signed(axes: np.ndarray) -> np.ndarray:
    """Axes whose largest entry is positive: the sign is arbitrary, and all machines must agree."""
    largest = np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1)
    return axes * np.sign(largest)

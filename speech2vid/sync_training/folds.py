"""Folds of held-out speakers: who is in which, when training stops early, and how many steps are best."""

import math

from schemas.errors import UsageError
from speech2vid.sync_training.clips import TalkingClip

Qualities = list[dict[int, float]]
"""One of each fold: steps -> quality."""


def deal_speakers(clips: list[TalkingClip], num_folds: int) -> list[frozenset[str]]:
    """Deal speakers into folds by their number of frames, largest first, each to the fold with fewest frames.

    The speaker with most frames is never held out: without their clips there would be too little to train on.
    """
    frames: dict[str, int] = {}
    for clip in clips:
        frames[clip.speaker] = frames.get(clip.speaker, 0) + len(clip)
    folds: list[set[str]] = [set() for _ in range(num_folds)]
    for speaker in sorted(frames, key=lambda name: (-frames[name], name))[1:]:
        min(folds, key=lambda fold: sum(frames[name] for name in fold)).add(speaker)
    return [frozenset(fold) for fold in folds]


def has_stopped(qualities: Qualities, patience: int) -> bool:
    """Whether the folds' mean quality has not become better for `patience` scorings.

    All folds stop together: otherwise the first to reach its best would decide how long the others are trained.
    """
    mean = list(_mean_quality(qualities).values())
    return bool(mean) and len(mean) - 1 - mean.index(max(mean)) >= patience


def choose_steps(qualities: Qualities) -> int:
    """Number of steps with the best mean quality over folds, smoothed with its neighbours against lucky steps."""
    quality = _mean_quality(qualities)
    if not quality:
        raise UsageError(
            "no held-out speakers have enough speech to choose the number of steps by: give a dataset with "
            "more people, or fewer --folds"
        )
    steps, mean = list(quality), list(quality.values())
    around = [mean[max(0, i - 1) : i + 2] for i in range(len(mean))]
    smooth = [sum(values) / len(values) for values in around]
    return steps[smooth.index(max(smooth))]


def _mean_quality(qualities: Qualities) -> dict[int, float]:
    """Steps -> mean over folds, without the folds whose speakers have too little speech to be scored (NaN)."""
    scored = [fold for fold in qualities if all(math.isfinite(value) for value in fold.values())]
    return {step: sum(fold[step] for fold in scored) / len(scored) for step in sorted(scored[0])} if scored else {}

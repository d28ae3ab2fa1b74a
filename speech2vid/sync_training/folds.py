"""People left out in turn: who, for how many steps training goes on, and how many are best."""

import math

from schemas.errors import UsageError
from speech2vid.sync_training.clips import TalkingClip

Qualities = list[dict[int, float]]
"""One a fold: steps -> quality."""


def deal_people(clips: list[TalkingClip], num_folds: int) -> list[frozenset[str]]:
    """People dealt into folds by their frames, largest first, each to the fold that has least.

    The person with most stays in training always: without their clips the rest would teach too little.
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

    All folds stop together: one that is soon as good as it gets would else decide how far the others are looked at.
    """
    mean = list(_mean_quality(qualities).values())
    return bool(mean) and len(mean) - 1 - mean.index(max(mean)) >= patience


def choose_steps(qualities: Qualities) -> int:
    """Steps of the best mean quality over folds, each value taken with its neighbours: one lucky step is no peak."""
    quality = _mean_quality(qualities)
    if not quality:
        raise UsageError(
            "no people left out have enough speech to choose the number of steps by: give a dataset with "
            "more people, or fewer --folds"
        )
    steps, mean = list(quality), list(quality.values())
    around = [mean[max(0, i - 1) : i + 2] for i in range(len(mean))]
    smooth = [sum(values) / len(values) for values in around]
    return steps[smooth.index(max(smooth))]


def _mean_quality(qualities: Qualities) -> dict[int, float]:
    """Steps -> mean over folds. A fold whose people have too little speech to be told apart (NaN) has no say."""
    judged = [fold for fold in qualities if all(math.isfinite(value) for value in fold.values())]
    return {step: sum(fold[step] for fold in judged) / len(judged) for step in sorted(judged[0])} if judged else {}

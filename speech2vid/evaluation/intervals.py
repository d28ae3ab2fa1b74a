"""Means over clips with intervals that know that clips of one person are alike."""

import numpy as np

_NUM_DRAWS = 2000


def mean_with_interval(values: np.ndarray, speakers: np.ndarray, seed: int) -> tuple[float, float | None, float | None]:
    """Mean over clips and its 95 % interval when whole people are drawn anew; no interval below two people.

    values: (N >= 1,); speakers: (N,), who each is of.
    """
    names, person = np.unique(speakers, return_inverse=True)
    if len(names) < 2:
        return float(values.mean()), None, None
    sums, counts = np.bincount(person, values), np.bincount(person)
    drawn = np.random.default_rng(seed).integers(len(names), size=(_NUM_DRAWS, len(names)))
    low, high = np.percentile(sums[drawn].sum(1) / counts[drawn].sum(1), [2.5, 97.5])
    return float(values.mean()), float(low), float(high)

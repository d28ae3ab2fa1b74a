"""Means over clips with intervals that account for how alike clips of one speaker are."""

import numpy as np

_NUM_RESAMPLES = 2000


def mean_with_interval(
    values: np.ndarray, weights: np.ndarray, speakers: np.ndarray, seed: int
) -> tuple[float, float | None, float | None]:
    """Weighted mean over clips with its 95 % interval by bootstrap over speakers; without one for one speaker.

    values: (N >= 1,); weights: (N,), above 0; speakers: (N,), the speaker of each value.
    """
    names, indices = np.unique(speakers, return_inverse=True)
    mean = float(np.average(values, weights=weights))
    if len(names) < 2:
        return mean, None, None
    sums, counts = np.bincount(indices, values * weights), np.bincount(indices, weights)
    drawn = np.random.default_rng(seed).integers(len(names), size=(_NUM_RESAMPLES, len(names)))
    low, high = np.percentile(sums[drawn].sum(1) / counts[drawn].sum(1), [2.5, 97.5])
    return mean, float(low), float(high)

"""Means over clips with intervals that account for how alike clips of one speaker are."""

import numpy as np

_NUM_RESAMPLES = 2000


def mean_with_interval(values: np.ndarray, speakers: np.ndarray, seed: int) -> tuple[float, float | None, float | None]:
    """Mean over clips with its 95 % interval by bootstrap over speakers; without an interval for one speaker.

    values: (N >= 1,); speakers: (N,), the speaker of each value.
    """
    names, indices = np.unique(speakers, return_inverse=True)
    if len(names) < 2:
        return float(values.mean()), None, None
    sums, counts = np.bincount(indices, values), np.bincount(indices)
    drawn = np.random.default_rng(seed).integers(len(names), size=(_NUM_RESAMPLES, len(names)))
    low, high = np.percentile(sums[drawn].sum(1) / counts[drawn].sum(1), [2.5, 97.5])
    return float(values.mean()), float(low), float(high)

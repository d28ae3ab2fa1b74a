"""Measures of weighted cases, which let a bootstrap resample speakers by weighting their cases; and its interval."""

from collections.abc import Callable, Sequence

import numpy as np

NUM_BINS = 10
_NUM_DRAWS = 1000
_KEPT_SHARE = 0.95


def share(holds: np.ndarray, weights: np.ndarray) -> float:
    """Weight of the cases for which a condition holds, divided by all weight; NaN without weight."""
    return float((holds * weights).sum() / weights.sum()) if weights.sum() > 0 else np.nan


def median(values: np.ndarray, weights: np.ndarray) -> float:
    """Smallest value that has half the weight at or below it; NaN without weight."""
    if weights.sum() <= 0:
        return np.nan
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, 0.5 * reached[-1])])


def auc(right: np.ndarray, wrong: np.ndarray, right_weights: np.ndarray, wrong_weights: np.ndarray) -> float:
    """Probability that a right case scores above a wrong one, ties counting half; NaN without one of either."""
    total = right_weights.sum() * wrong_weights.sum()
    if total <= 0:
        return np.nan
    order = np.argsort(wrong, kind="stable")
    reached = np.concatenate([[0.0], np.cumsum(wrong_weights[order])])
    below, at_most = (reached[np.searchsorted(wrong[order], right, side=side)] for side in ("left", "right"))
    return float((right_weights * (below + at_most) / 2).sum() / total)


def kept_threshold(right: np.ndarray, weights: np.ndarray) -> float:
    """Largest score that keeps 95 % of the right cases (those at or above it); NaN without any."""
    if weights.sum() <= 0:
        return np.nan
    order = np.argsort(-right, kind="stable")
    reached = np.cumsum(weights[order])
    return float(right[order][np.searchsorted(reached, _KEPT_SHARE * reached[-1] - 1e-9)])


def rejected_share(right: np.ndarray, wrong: np.ndarray, right_weights: np.ndarray, wrong_weights: np.ndarray) -> float:
    """Share of the wrong cases that fall below the threshold which keeps 95 % of the right ones."""
    threshold = kept_threshold(right, right_weights)
    return np.nan if np.isnan(threshold) else share(wrong < threshold, wrong_weights)


def roc_points(right: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of wrong and of right cases at or above each threshold, from (0, 0) to (1, 1)."""
    thresholds = np.unique(np.concatenate([right, wrong]))[::-1]
    wrong_share, right_share = ([0.0, *((scores[:, None] >= thresholds).mean(0))] for scores in (wrong, right))
    return np.array(wrong_share), np.array(right_share)


def balanced(is_right: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights that give right and wrong cases equal totals; NaN without one of either."""
    sums = np.where(is_right, (weights * is_right).sum(), (weights * ~is_right).sum())
    return np.where(sums > 0, weights / np.where(sums > 0, sums, 1), np.nan) / 2


def reliability(probability: np.ndarray, is_right: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weight, mean probability and share of right ones in each of ten equal bins, (10, 3); NaN in empty bins."""
    bins = np.minimum((probability * NUM_BINS).astype(int), NUM_BINS - 1)
    weight, predicted, true = (
        np.bincount(bins, values, NUM_BINS) for values in (weights, weights * probability, weights * is_right)
    )
    with np.errstate(invalid="ignore"):
        return np.stack([weight, predicted / weight, true / weight], 1)


def calibration_error(probability: np.ndarray, is_right: np.ndarray, weights: np.ndarray) -> float:
    """Expected calibration error, with right and wrong cases weighted equally."""
    even = balanced(is_right, weights)
    if np.isnan(even).any():
        return np.nan
    bins = reliability(probability, is_right, even)
    return float(np.nansum(bins[:, 0] * np.abs(bins[:, 1] - bins[:, 2])))


def interval(
    statistic: Callable[[np.ndarray], float], speakers: Sequence[str], seed: int
) -> tuple[float, float] | None:
    """95 % interval of a statistic of the cases' weights by bootstrap over speakers; None below two speakers."""
    names, index = np.unique(np.array(speakers), return_inverse=True)
    if len(names) < 2:
        return None
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), _NUM_DRAWS)
    # With few speakers the same draws recur: each one is computed once.
    draws, times = np.unique(draws, axis=0, return_counts=True)
    values = np.repeat([statistic(draw[index].astype(float)) for draw in draws], times)
    values = values[np.isfinite(values)]
    return (float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))) if len(values) else None

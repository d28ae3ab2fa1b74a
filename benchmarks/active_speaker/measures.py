"""Numbers of the table, computed from outcomes, each with its interval and, where there is one, its target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from benchmarks.active_speaker import weighted_scores as weighted
from benchmarks.active_speaker.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The value that a measure should reach."""

    target: float
    goal: float
    at_least: bool = True  # else at most

    def is_reached_by(self, value: float) -> bool:
        """Whether a value reaches the target."""
        return value >= self.target if self.at_least else value <= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number of the table."""

    group: str
    name: str
    setting: str  # length, or the change that was made
    value: float | None  # None: no case, or the judge gives no such number
    low: float | None  # 95 %, by bootstrap over speakers; None below two speakers
    high: float | None
    num_cases: int
    num_speakers: int
    unit: str
    target: Target | None = None


Statistic = Callable[[np.ndarray], float]


def measured(
    group: str,
    name: str,
    setting: str,
    cases: Sequence[Outcome],
    statistic: Statistic | None,
    seed: int,
    unit: str = "share",
    target: Target | None = None,
) -> Measure:
    """A measure of cases by a statistic of their weights; without a statistic it has no value."""
    speakers = [case.speaker for case in cases]
    value = statistic(np.ones(len(cases))) if cases and statistic else np.nan
    bounds = weighted.interval(statistic, speakers, seed) if np.isfinite(value) else None
    low, high = bounds or (None, None)
    return Measure(
        group=group,
        name=name,
        setting=setting,
        value=value if isfinite(value) else None,
        low=low,
        high=high,
        num_cases=len(cases),
        num_speakers=len(set(speakers)),
        unit=unit,
        target=target,
    )


def share_of(holds: Callable[[Outcome], bool], cases: Sequence[Outcome]) -> Statistic:
    """Weighted share of the cases for which a condition holds."""
    flags = np.array([holds(case) for case in cases])
    return lambda weights: weighted.share(flags, weights)


def share_of_flags(flags: Sequence[bool]) -> Statistic:
    """Weighted share of true flags, one per case."""
    array = np.array(flags, float)
    return lambda weights: weighted.share(array, weights)


def median_of(number: Callable[[Outcome], float], cases: Sequence[Outcome]) -> Statistic:
    """Weighted median of a number of each case."""
    values = np.array([number(case) for case in cases], float)
    return lambda weights: weighted.median(values, weights)


def mean_of(number: Callable[[Outcome], float], cases: Sequence[Outcome]) -> Statistic:
    """Weighted mean of a number of each case."""
    values = np.array([number(case) for case in cases], float)
    return lambda weights: weighted.share(values, weights)


def between(
    comparison: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], float],
    right: Sequence[Outcome],
    wrong: Sequence[Outcome],
) -> Statistic | None:
    """Comparison of the scores of right and wrong cases; the weights are those of the right cases, then the wrong."""
    if not right or not wrong:
        return None
    scores = [np.array([case.score for case in cases]) for cases in (right, wrong)]
    return lambda weights: comparison(*scores, weights[: len(right)], weights[len(right) :])


def calibration_of(right: Sequence[Outcome], wrong: Sequence[Outcome]) -> Statistic | None:
    """Expected calibration error; None for a judge without probabilities."""
    found = [[case for case in cases if case.probability is not None] for cases in (right, wrong)]
    if not all(found):
        return None
    cases = [*right, *wrong]
    # A case in which nothing could be compared has no probability: it is left out, not guessed.
    known = np.array([case.probability is not None for case in cases])
    probability = np.array([case.probability or 0.0 for case in cases])
    is_right = np.arange(len(cases)) < len(right)
    return lambda weights: weighted.calibration_error(probability[known], is_right[known], weights[known])


def is_within(frames: float) -> Callable[[Outcome], bool]:
    """Whether the lag, to the nearest frame, is within `frames` of the ground truth."""
    return lambda case: case.lag_error_frames is not None and case.lag_error_frames <= frames


def with_truth(cases: Sequence[Outcome]) -> list[Outcome]:
    """Cases whose lag is known."""
    return [case for case in cases if case.true_lag_frames is not None]

"""Measures from audio that was shifted or slowed by a known amount."""

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.active_speaker.cases_of_lags import DRIFT, DRIFT_FRAMES_PER_MINUTE, LAGS
from benchmarks.active_speaker.measures import (
    Measure,
    Statistic,
    is_within,
    measured,
    median_of,
    share_of,
    share_of_flags,
    with_truth,
)
from benchmarks.active_speaker.outcomes import Outcome
from benchmarks.active_speaker.segments import LENGTHS_S


def lag_measures(outcomes: Sequence[Outcome], seed: int) -> Iterator[Measure]:
    """Lag error where the lag is known; whether audio shifted by k moves the lag by k; and drift."""
    cases = [case for case in outcomes if case.group == LAGS]
    for length_s in LENGTHS_S:
        of_length = [case for case in cases if case.length_s == length_s]
        known = with_truth(of_length)
        yield measured(LAGS, "known lags: within 1 frame", f"{length_s} s", known, share_of(is_within(1), known), seed)
        moved = moved_lags(of_length)
        yield measured(
            LAGS,
            "moved by k, the lag moves by k to 1 frame",
            f"{length_s} s",
            [case for case, _ in moved],
            share_of_flags([abs(error) <= 1 for _, error in moved]),
            seed,
        )
        yield measured(
            LAGS, "slope of the lag against the move", f"{length_s} s", of_length, _slope(of_length), seed, ""
        )
    drifting = [case for case in outcomes if case.group == DRIFT]
    found = [case for case in drifting if case.value is not None]
    yield measured(
        DRIFT, "drift found", "10 s and more", drifting, share_of(lambda case: case.value is not None, drifting), seed
    )
    yield measured(
        DRIFT,
        f"drift of {DRIFT_FRAMES_PER_MINUTE:g} frames/min, median error",
        "10 s and more",
        found,
        median_of(lambda case: abs(case.value - DRIFT_FRAMES_PER_MINUTE), found),
        seed,
        "frames/min",
    )


def moved_lags(cases: Sequence[Outcome]) -> list[tuple[Outcome, float]]:
    """Each shifted case, and its lag minus the lag of the same segment unshifted and minus the shift."""
    still = {case.face: case.lag_frames for case in cases if case.value == 0 and case.lag_frames is not None}
    return [
        (case, np.inf if case.lag_frames is None else case.lag_frames - still[case.face] - case.value)
        for case in cases
        if case.value != 0 and case.face in still
    ]


def _slope(cases: Sequence[Outcome]) -> Statistic:
    moves = np.array([case.value for case in cases], float)
    lags = np.array([np.nan if case.lag_frames is None else case.lag_frames for case in cases])

    def slope(weights: np.ndarray) -> float:
        used = np.where(np.isfinite(lags), weights, 0)
        if used.sum() <= 0:
            return np.nan
        centred = moves - np.average(moves, weights=used)
        spread = (used * centred**2).sum()
        return float((used * centred * np.nan_to_num(lags)).sum() / spread) if spread > 0 else np.nan

    return slope

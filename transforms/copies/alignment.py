"""Whether two clips show one performance: their fingerprints laid upon each other at every shift and speed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from transforms.copies.config import CopiesConfig
from transforms.media.fingerprint import STEPS_PER_S, Fingerprint, read_fingerprint

SPEEDS = (1.0, 0.99, 1.01, 0.98, 1.02, 0.97, 1.03, 0.96, 1.04)
"""Ratios of speed that are tried; of equal ones the first is taken."""
MIN_SHARED_S = 1.0
"""What two clips share for a shorter time is not compared."""
_PLACES = (0.0, 0.5)  # within a step, that are tried
_MIN_NEARLY = 0.6  # of the audio at whole steps and one speed, below which the others are not tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Where two clips show the same, and how well they agree there. Times are from the beginning of each clip."""

    first_s: tuple[float, float]
    second_s: tuple[float, float]
    audio: float  # correlation, -1..1
    lips: float  # likewise


def is_copy(first: str, second: str, config: CopiesConfig) -> bool:
    """Whether two clips, given by their fingerprints, show one performance for a second or more."""
    return shared_part(read_fingerprint(first), read_fingerprint(second), config) is not None


def shared_part(first: Fingerprint, second: Fingerprint, config: CopiesConfig) -> Alignment | None:
    """Where two clips show one performance; None: nowhere, or for less than a second.

    Audio and lips must agree: one voice over two faces, and two voices for one face, are no copies.
    """
    nearly = max((audio for audio, *_ in _alignments(first, second, (1.0,), (0.0,))), default=-1.0)
    if nearly < _MIN_NEARLY:
        return None
    found = best_alignment(first, second)
    if found is None or found.audio < config.min_audio or found.lips < config.min_lips:
        return None
    return found


def best_alignment(first: Fingerprint, second: Fingerprint) -> Alignment | None:
    """The shift and speed at which the audio of two clips agrees best; None: one of them is too short."""
    found = max(_alignments(first, second, SPEEDS, _PLACES), key=lambda one: one[0], default=None)
    if found is None:
        return None
    audio, speed, place, lag = found
    other = _warped(second.lips, speed, place)
    start, end = max(0, lag), min(len(first.lips), len(other) + lag)
    ends = np.array([start, end]) / STEPS_PER_S
    other_ends = place / STEPS_PER_S + (ends - lag / STEPS_PER_S) * speed
    return Alignment(
        first_s=(float(ends[0]), float(ends[1])),
        second_s=(float(other_ends[0]), float(other_ends[1])),
        audio=audio,
        lips=float(_correlations(first.lips.astype(np.float64), other, np.array([lag]))[0]),
    )


def _alignments(
    first: Fingerprint, second: Fingerprint, speeds: tuple[float, ...], places: tuple[float, ...]
) -> Iterator[tuple[float, float, float, int]]:
    """Correlation of the audio, speed, place within a step, and lag: the best lag of each speed and place."""
    given, min_steps = first.audio.astype(np.float64), int(np.floor(MIN_SHARED_S * STEPS_PER_S))
    for speed in speeds:
        for place in places:
            other = _warped(second.audio, speed, place)
            if min(len(given), len(other)) < min_steps:
                continue
            lags = np.arange(min_steps - len(other), len(given) - min_steps + 1)
            found = _correlations(given, other, lags)
            best = int(np.argmax(found))
            yield float(found[best]), speed, place, int(lags[best])


def _warped(series: np.ndarray, speed: float, place: float) -> np.ndarray:
    """A series (N, C) at the times place, place + speed, ... of its steps: (M, C), linearly between them."""
    num_times = max(0, int(np.floor((len(series) - 1 - place) / speed)) + 1)
    times = place + speed * np.arange(num_times)
    before = np.minimum(times.astype(int), max(0, len(series) - 2))
    share = (times - before)[:, None]
    return (1 - share) * series[before] + share * series[np.minimum(before + 1, len(series) - 1)]


def _correlations(first: np.ndarray, other: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Correlation of first[i] with other[i - lag] over the steps that both have, for each lag; of all columns together.

    first (N, C), other (M, C): each column counts by how much it moves there in both. Its scale does not count:
    it follows the spread of the whole clip, long or short. 0 where nothing moves.
    """
    starts = np.maximum(0, lags)
    counts = np.minimum(len(first), len(other) + lags) - starts
    columns = zip(first.T, other.T, strict=True)
    products = np.stack([np.correlate(one, two, "full")[lags + len(other) - 1] for one, two in columns], axis=1)
    sums, powers = _sums(first, starts, counts)
    other_sums, other_powers = _sums(other, starts - lags, counts)
    shared = (products - sums * other_sums / counts[:, None]).sum(axis=1)
    moved = np.sqrt(np.maximum(powers, 0) * np.maximum(other_powers, 0)).sum(axis=1)
    return np.where(moved > 1e-9, shared / np.maximum(moved, 1e-9), 0.0)


def _sums(series: np.ndarray, starts: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums (L, C) of `counts` steps from each start on, and the sums of their squared deviations from their mean."""
    sums, squares = (
        np.concatenate([np.zeros((1, series.shape[1])), np.cumsum(values, axis=0)]) for values in (series, series**2)
    )
    sums, squares = (values[starts + counts] - values[starts] for values in (sums, squares))
    return sums, squares - sums**2 / counts[:, None]

"""Calibration of a sync network, learnt on segments of held-out speakers with their own and with wrong audio."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from schemas.errors import UsageError
from speech2vid.sync_training.segments import LENGTHS_S, RIGHT, ScoredSegment
from transforms.speakers.score_sync import Calibration

_NUM_BINS = 10
_RIDGE = 1e-3  # on standardised features: without it, segments that a plane separates would give infinite weights


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationScore:
    """How well probabilities fit the truth; right and wrong pairs, and speakers, have equal weight."""

    log_loss: float
    expected_error: float  # expected calibration error, over ten bins of probability
    num_right: int
    num_wrong: int


def calibrate(segments: list[ScoredSegment]) -> Calibration:
    """Fit a logistic regression in which right and wrong, lengths, and speakers of a length have equal weight."""
    is_right = np.array([segment.kind == RIGHT for segment in segments], float)
    if not 0 < is_right.sum() < len(is_right):
        raise UsageError(
            "no held-out speakers have enough speech to calibrate the network: give a dataset with more people, or "
            "fewer --folds"
        )
    values, weights = np.stack([segment.features for segment in segments]), _weights(segments)
    mean = weights @ values
    spread = np.maximum(np.sqrt(weights @ (values - mean) ** 2), 1e-9)
    standardised = np.column_stack([(values - mean) / spread, np.ones(len(values))])
    penalty = np.append(np.full(values.shape[1], _RIDGE), 0.0)

    def cost(plane: np.ndarray) -> tuple[float, np.ndarray]:
        logit = standardised @ plane
        loss = weights @ (np.logaddexp(0, logit) - is_right * logit) + penalty @ plane**2 / 2
        return loss, standardised.T @ (weights * (expit(logit) - is_right)) + penalty * plane

    plane = minimize(cost, np.zeros(standardised.shape[1]), jac=True, method="BFGS").x
    slopes = plane[:-1] / spread
    return Calibration(
        weights=tuple(round(float(slope), 6) for slope in slopes), offset=round(float(plane[-1] - slopes @ mean), 6)
    )


def calibration_scores(folds: list[list[ScoredSegment]]) -> dict[int, CalibrationScore]:
    """Length in s -> score; each fold's segments are scored by a calibration learnt on the other folds."""
    scored: list[tuple[ScoredSegment, float]] = []
    for index, fold in enumerate(folds):
        others = [segment for number, other in enumerate(folds) if number != index for segment in other]
        calibration = calibrate(others or fold)
        scored += [(segment, _probability(calibration, segment)) for segment in fold]
    scores = {}
    for length_s in LENGTHS_S:
        of_length = [(segment, probability) for segment, probability in scored if segment.length_s == length_s]
        if {segment.kind == RIGHT for segment, _ in of_length} == {True, False}:
            probabilities = np.array([probability for _, probability in of_length])
            scores[length_s] = _score([segment for segment, _ in of_length], probabilities)
    return scores


def _score(segments: list[ScoredSegment], probability: np.ndarray) -> CalibrationScore:
    is_right, weights = np.array([segment.kind == RIGHT for segment in segments]), _weights(segments)
    of_truth = np.clip(np.where(is_right, probability, 1 - probability), 1e-9, 1)
    bins = np.minimum((probability * _NUM_BINS).astype(int), _NUM_BINS - 1)
    distance = np.bincount(bins, weights * (probability - is_right), _NUM_BINS)
    return CalibrationScore(
        log_loss=float(-weights @ np.log(of_truth)),
        expected_error=float(np.abs(distance).sum()),
        num_right=int(is_right.sum()),
        num_wrong=int((~is_right).sum()),
    )


def _weights(segments: list[ScoredSegment]) -> np.ndarray:
    """Weight of each segment, sum 1: right and wrong, then lengths, then speakers have equal shares."""
    count: dict[tuple[bool, int, str], int] = {}
    for cell in (segment.cell for segment in segments):
        count[cell] = count.get(cell, 0) + 1
    speakers, kinds = [cell[:2] for cell in count], [cell[:1] for cell in count]
    lengths = [cell[:1] for cell in set(speakers)]
    weights = np.array(
        [
            1 / (count[segment.cell] * speakers.count(segment.cell[:2]) * lengths.count(segment.cell[:1]))
            for segment in segments
        ]
    )
    return weights / len(set(kinds))


def _probability(calibration: Calibration, segment: ScoredSegment) -> float:
    return float(expit(np.dot(calibration.weights, segment.features) + calibration.offset))

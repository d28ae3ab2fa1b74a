"""What a network's curves are worth, learnt on pieces of people it never saw, with own and with wrong sounds."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from schemas.errors import UsageError
from speech2vid.sync_training.segments import LENGTHS_S, RIGHT, JudgedSegment
from transforms.speakers.sync_result import Calibration

_NUM_BINS = 10
_RIDGE = 1e-3  # on standardised features: pieces that a plane parts would ask for endless weights


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationScore:
    """How well probabilities fit what is so; right and wrong, and people, count alike."""

    log_loss: float
    expected_error: float  # mean distance of probability and share, over ten bins of probability
    num_right: int
    num_wrong: int


def calibrate(pieces: list[JudgedSegment]) -> Calibration:
    """Logistic regression in which right and wrong, lengths, and people of a length count alike."""
    is_right = np.array([piece.kind == RIGHT for piece in pieces], float)
    if not 0 < is_right.sum() < len(is_right):
        raise UsageError(
            "no people left out have enough speech to learn from what a curve is worth: give a dataset "
            "with more people, or fewer --folds"
        )
    values, weights = np.stack([piece.features for piece in pieces]), _weights(pieces)
    mean = weights @ values
    spread = np.maximum(np.sqrt(weights @ (values - mean) ** 2), 1e-9)
    known = np.column_stack([(values - mean) / spread, np.ones(len(values))])
    penalty = np.append(np.full(values.shape[1], _RIDGE), 0.0)

    def cost(plane: np.ndarray) -> tuple[float, np.ndarray]:
        logit = known @ plane
        loss = weights @ (np.logaddexp(0, logit) - is_right * logit) + penalty @ plane**2 / 2
        return loss, known.T @ (weights * (expit(logit) - is_right)) + penalty * plane

    plane = minimize(cost, np.zeros(known.shape[1]), jac=True, method="BFGS").x
    slopes = plane[:-1] / spread
    return Calibration(
        weights=tuple(round(float(slope), 6) for slope in slopes), offset=round(float(plane[-1] - slopes @ mean), 6)
    )


def calibration_scores(folds: list[list[JudgedSegment]]) -> dict[int, CalibrationScore]:
    """Length in s -> score, each fold's pieces judged by what the other folds' taught."""
    judged: list[tuple[JudgedSegment, float]] = []
    for index, fold in enumerate(folds):
        others = [piece for number, other in enumerate(folds) if number != index for piece in other]
        calibration = calibrate(others or fold)
        judged += [(piece, _probability(calibration, piece)) for piece in fold]
    scores = {}
    for length_s in LENGTHS_S:
        own = [(piece, probability) for piece, probability in judged if piece.length_s == length_s]
        if {piece.kind == RIGHT for piece, _ in own} == {True, False}:
            scores[length_s] = _score([piece for piece, _ in own], np.array([found for _, found in own]))
    return scores


def _score(pieces: list[JudgedSegment], probability: np.ndarray) -> CalibrationScore:
    is_right, weights = np.array([piece.kind == RIGHT for piece in pieces]), _weights(pieces)
    share = np.clip(np.where(is_right, probability, 1 - probability), 1e-9, 1)
    bins = np.minimum((probability * _NUM_BINS).astype(int), _NUM_BINS - 1)
    distance = np.bincount(bins, weights * (probability - is_right), _NUM_BINS)
    return CalibrationScore(
        log_loss=float(-weights @ np.log(share)),
        expected_error=float(np.abs(distance).sum()),
        num_right=int(is_right.sum()),
        num_wrong=int((~is_right).sum()),
    )


def _weights(pieces: list[JudgedSegment]) -> np.ndarray:
    """Of each piece, one in all: right and wrong, then lengths, then people have equal shares."""
    count: dict[tuple, int] = {}
    for cell in (piece.cell for piece in pieces):
        count[cell] = count.get(cell, 0) + 1
    people, lengths = ([cell[:depth] for cell in count] for depth in (2, 1))
    spans = [cell[:1] for cell in set(people)]
    weights = np.array(
        [1 / (count[piece.cell] * people.count(piece.cell[:2]) * spans.count(piece.cell[:1])) for piece in pieces]
    )
    return weights / len(set(lengths))


def _probability(calibration: Calibration, piece: JudgedSegment) -> float:
    return float(expit(np.dot(calibration.weights, piece.features) + calibration.offset))

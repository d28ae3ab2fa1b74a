"""What a curve is worth: the probability that this face makes this audio, and how surely the lag is known."""

import json
from dataclasses import asdict, dataclass

import numpy as np

from schemas.clock import FRAME_RATE
from transforms.speakers.sync_scores import SHIFTS, SyncMeasure, measure, peak_lags, sync_curve

NUM_FEATURES = 6
_MIN_ERROR_FRAMES = 0.1
_BLOCK_FRAMES = 10  # neighbouring frames see nearly the same audio: they are drawn together
_NUM_DRAWS = 100
_MAX_SECONDS = 10  # of speech, that pieces were long from which probability is learnt


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Logistic regression of "in sync" on what a curve says; part of a network's file, learnt on people left out."""

    weights: tuple[float, ...]  # one for each of `features`
    offset: float

    def to_json(self) -> str:
        """As stored in the network's file."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Calibration":
        """Inverse of to_json."""
        values = json.loads(text)
        if len(values["weights"]) != NUM_FEATURES:
            raise ValueError(f"a calibration has {NUM_FEATURES} weights, not {len(values['weights'])}")
        return cls(weights=tuple(values["weights"]), offset=values["offset"])

    def probability(self, measured: SyncMeasure, lag_se_frames: float, num_frames: int) -> float:
        """Probability that the face makes the audio, at even odds, of a curve over num_frames frames of speech."""
        logit = float(np.dot(self.weights, features(measured, lag_se_frames, num_frames))) + self.offset
        return float(1 / (1 + np.exp(-logit)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one face's fit to one audio says."""

    curve: np.ndarray  # float32 (31,), NaN where unknown
    measured: SyncMeasure
    lag_se_frames: float  # standard error of the lag
    num_frames: int  # frames of speech that were judged
    sync_probability: float | None  # None: the network's file has no calibration


def features(measured: SyncMeasure, lag_se_frames: float, num_frames: int) -> np.ndarray:
    """What the probability is computed from, float64 (6,).

    Peak, confidence, margin, log of the lag's standard error (a wrong sound's peak jumps about), log of the seconds of
    speech, and the peak by their root: what chance alone gives falls as the root of the time grows.
    """
    seconds = min(max(num_frames, 1) / FRAME_RATE, _MAX_SECONDS)
    return np.array(
        [
            measured.peak,
            measured.confidence,
            measured.margin,
            np.log(lag_se_frames + _MIN_ERROR_FRAMES),
            np.log(seconds),
            measured.peak * np.sqrt(seconds),
        ]
    )


def weigh(scores: np.ndarray, calibration: Calibration | None) -> Evidence | None:
    """Evidence of one face's scores (T, 31), see sync_scores.similarity; None when nothing could be compared."""
    curve = sync_curve(scores)
    if not np.isfinite(curve).any():
        return None
    measured, num_frames = measure(curve), int(np.isfinite(scores).sum(0).max())
    lag_se_frames = lag_standard_error(scores)
    probability = calibration.probability(measured, lag_se_frames, num_frames) if calibration else None
    return Evidence(
        curve=curve, measured=measured, lag_se_frames=lag_se_frames, num_frames=num_frames, sync_probability=probability
    )


def lag_standard_error(scores: np.ndarray) -> float:
    """Spread of the lag when blocks of frames are drawn anew, in frames; the same scores give the same number."""
    exists = np.isfinite(scores)
    starts = np.arange(0, len(scores), _BLOCK_FRAMES)
    sums = np.add.reduceat(np.where(exists, scores, 0), starts, dtype=np.float64)
    counts = np.add.reduceat(exists, starts, dtype=np.float64)
    drawn = np.random.default_rng(0).multinomial(len(starts), np.full(len(starts), 1 / len(starts)), _NUM_DRAWS)
    count = drawn @ counts
    with np.errstate(invalid="ignore"):
        curves = np.where(count >= count.max(1, keepdims=True) / 3, (drawn @ sums) / count, np.nan)
    lags = peak_lags(curves[np.isfinite(curves).any(1)])
    return float(np.std(lags)) if len(starts) > 1 else float(np.ptp(SHIFTS)) / 12**0.5

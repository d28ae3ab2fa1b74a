"""The sync result of one face: its lag with a standard error, and the probability that it makes the audio."""

import json
from dataclasses import asdict, dataclass, replace

import numpy as np

from schemas.clock import FRAME_RATE
from schemas.sync_result import SyncResult
from transforms.speakers.sync_scores import SHIFTS, measure, peak_lags, sync_curve

NUM_FEATURES = 7
_MIN_ERROR_FRAMES = 0.1
_BLOCK_FRAMES = 10  # neighbouring frames are correlated, so whole blocks are resampled
_NUM_DRAWS = 100
_MAX_SECONDS = 10  # of speech: the longest segments that the calibration is learnt from


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Logistic regression of "in sync" on a curve's features; learnt on held-out speakers, stored with the network."""

    weights: tuple[float, ...]  # one for each of `features`
    offset: float

    def to_json(self) -> str:
        """The text that the network's file stores."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Calibration":
        """Read what to_json wrote; ValueError for another number of weights."""
        values = json.loads(text)
        if len(values["weights"]) != NUM_FEATURES:
            raise ValueError(f"a calibration has {NUM_FEATURES} weights, not {len(values['weights'])}")
        return cls(weights=tuple(values["weights"]), offset=values["offset"])

    def probability(self, result: SyncResult) -> float:
        """Probability that the face makes the audio, where both answers are equally likely beforehand."""
        logit = float(np.dot(self.weights, features(result))) + self.offset
        return float(1 / (1 + np.exp(-logit)))


def features(result: SyncResult) -> np.ndarray:
    """The values that the probability is computed from, float64 (7,).

    Peak, confidence, margin, log of the lag's standard error (a wrong audio's peak moves about), log of the seconds of
    speech, and the peak times their square root, because a peak by chance falls as the square root of the time grows;
    and the coverage, because face and audio that end together have higher peaks, right or wrong.
    """
    seconds = min(max(result.num_frames, 1) / FRAME_RATE, _MAX_SECONDS)
    return np.array(
        [
            result.peak,
            result.confidence,
            result.margin,
            np.log(result.lag_se_frames + _MIN_ERROR_FRAMES),
            np.log(seconds),
            result.peak * np.sqrt(seconds),
            result.coverage,
        ]
    )


def score_sync(similarities: np.ndarray, calibration: Calibration | None) -> SyncResult | None:
    """Sync result of one face's similarities (T, 31), see sync_scores.similarity; None when nothing was compared."""
    curve = sync_curve(similarities)
    if not np.isfinite(curve).any():
        return None
    measured, num_compared = measure(curve), np.isfinite(similarities).sum(0)
    result = SyncResult(
        lag_frames=measured.lag_frames,
        lag_se_frames=lag_standard_error(similarities),
        confidence=measured.confidence,
        margin=measured.margin,
        peak=measured.peak,
        num_frames=int(num_compared.max()),
        coverage=float(num_compared.mean() / num_compared.max()),
        curve=tuple(float(value) for value in curve),
    )
    return replace(result, probability=calibration.probability(result)) if calibration else result


def lag_standard_error(similarities: np.ndarray) -> float:
    """Spread of the lag, frames, over a bootstrap of blocks of similarities (T, 31); its draws are fixed."""
    exists = np.isfinite(similarities)
    starts = np.arange(0, len(similarities), _BLOCK_FRAMES)
    sums = np.add.reduceat(np.where(exists, similarities, 0), starts, dtype=np.float64)
    counts = np.add.reduceat(exists, starts, dtype=np.float64)
    drawn = np.random.default_rng(0).multinomial(len(starts), np.full(len(starts), 1 / len(starts)), _NUM_DRAWS)
    count = drawn @ counts
    with np.errstate(invalid="ignore"):
        curves = np.where(count >= count.max(1, keepdims=True) / 3, (drawn @ sums) / count, np.nan)
    lags = peak_lags(curves[np.isfinite(curves).any(1)])
    return float(np.std(lags)) if len(starts) > 1 else float(np.ptp(SHIFTS)) / 12**0.5

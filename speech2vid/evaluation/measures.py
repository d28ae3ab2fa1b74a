"""Measures over all clips: one mean with its interval for each measure and condition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.identity import IdentityCalibration
from speech2vid.evaluation.intervals import mean_with_interval

CHANCE = "chance"
_TOP = (1, 5)
_IN_TOP, _SECOND_IN_TOP = "right audio found, top-{top}", "right audio found, top-{top} (second judge)"
_RANK, _DISTANCE, _VERIFIED = "rank of the right audio", "identity distance", "verified as the same person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A mean over clips."""

    name: str
    unit: str
    better: str  # higher, lower or near NUMBER
    condition: str  # one of all_conditions, or chance
    value: float
    low: float | None  # 95 % interval by bootstrap over speakers; None for one speaker
    high: float | None
    num_clips: int
    num_speakers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spec:
    """What one measure takes the mean of."""

    name: str
    unit: str
    better: str
    value_of: Callable[[ClipScore], float | None]
    weight_of: Callable[[ClipScore], float | None] = lambda score: 1.0


def all_measures(
    scores: Sequence[ClipScore], conditions: Sequence[str], calibration: IdentityCalibration | None, seed: int
) -> list[Measure]:
    """Every measure in every condition, followed by chance where it is known."""
    found: list[Measure] = []
    for spec in _specs(calibration):
        for condition in conditions:
            found += _measure(spec, condition, [score for score in scores if score.condition == condition], seed)
        found += _chance(spec, scores, calibration)
    return found


def _specs(calibration: IdentityCalibration | None) -> list[_Spec]:
    verified = [] if calibration is None else [_verified_spec(calibration)]
    return [*_LIPS, *_RETRIEVAL, *_IDENTITY, *verified, *_PIXELS, *_STILLNESS]


def _is_in_top(score: ClipScore, top: int) -> float | None:
    return None if score.audio_rank is None else float(score.audio_rank <= top)


def _second_is_in_top(score: ClipScore, top: int) -> float | None:
    return None if score.second_audio_rank is None else float(score.second_audio_rank <= top)


def _absolute(lag_frames: float | None) -> float | None:
    return None if lag_frames is None else abs(lag_frames)


def _is_nearest(score: ClipScore) -> float | None:
    if score.identity_distance is None or score.nearest_other_distance is None:
        return None
    return float(score.identity_distance < score.nearest_other_distance)


def _is_verified(score: ClipScore, threshold: float) -> float | None:
    return None if score.identity_distance is None else float(score.identity_distance < threshold)


def _verified_spec(calibration: IdentityCalibration) -> _Spec:
    value_of = partial(_is_verified, threshold=calibration.threshold)
    return _Spec(name=_VERIFIED, unit="share", better="higher", value_of=value_of)


def _share(found: int | None, of: int | None) -> float | None:
    return found / of if of and found is not None else None


_LIPS = (
    _Spec(name="opening correlation", unit="", better="higher", value_of=lambda score: score.opening_correlation),
    _Spec(
        name="opening deviation",
        unit="of the true one",
        better="near 1",
        value_of=lambda score: score.opening_deviation_ratio,
    ),
    _Spec(
        name="lip closures found",
        unit="share",
        better="higher",
        value_of=lambda score: _share(score.num_closures_found, score.num_closures),
        weight_of=lambda score: score.num_closures,
    ),
    _Spec(
        name="lip closures at p, b, m found",
        unit="share",
        better="higher",
        value_of=lambda score: _share(score.num_timed_closures_found, score.num_timed_closures),
        weight_of=lambda score: score.num_timed_closures,
    ),
)
_RETRIEVAL = (
    *(
        _Spec(
            name=_SECOND_IN_TOP.format(top=top),
            unit="share",
            better="higher",
            value_of=partial(_second_is_in_top, top=top),
        )
        for top in _TOP
    ),
    _Spec(
        name="lag, absolute (second judge)",
        unit="frame",
        better="lower",
        value_of=lambda score: _absolute(score.second_lag_frames),
    ),
    *(
        _Spec(name=_IN_TOP.format(top=top), unit="share", better="higher", value_of=partial(_is_in_top, top=top))
        for top in _TOP
    ),
    _Spec(name=_RANK, unit="", better="lower", value_of=lambda score: score.audio_rank),
    _Spec(
        name="lag of the right audio, absolute",
        unit="frame",
        better="lower",
        value_of=lambda score: _absolute(score.sync_lag_frames),
    ),
)
_IDENTITY = (
    _Spec(name=_DISTANCE, unit="", better="lower", value_of=lambda score: score.identity_distance),
    _Spec(name="nearer to the same person than to any other", unit="share", better="higher", value_of=_is_nearest),
)
_PIXELS = (
    _Spec(name="mouth MSE", unit="grey level²", better="lower", value_of=lambda score: score.mouth_mse),
    _Spec(name="MSE", unit="grey level²", better="lower", value_of=lambda score: score.mse),
    _Spec(name="PSNR", unit="dB", better="higher", value_of=lambda score: score.psnr_db),
    _Spec(name="SSIM", unit="", better="higher", value_of=lambda score: score.ssim),
)
_STILLNESS = (
    _Spec(name="sharpness", unit="of the true one", better="near 1", value_of=lambda score: score.sharpness_ratio),
    _Spec(name="seam", unit="of the still's gradient", better="near 1", value_of=lambda score: score.seam),
    _Spec(name="jitter", unit="of the true one", better="lower", value_of=lambda score: score.jitter_ratio),
    _Spec(name="flicker", unit="grey level", better="lower", value_of=lambda score: score.flicker),
)


def _measure(spec: _Spec, condition: str, scores: Sequence[ClipScore], seed: int) -> list[Measure]:
    """The measure in one condition; empty where no clip has a value."""
    found = [(value, spec.weight_of(score), score) for score in scores if (value := spec.value_of(score)) is not None]
    if not found:
        return []
    values, weights = (np.array([one[place] for one in found], np.float64) for place in (0, 1))
    speakers = np.array([score.speaker for *_, score in found])
    value, low, high = mean_with_interval(values, weights, speakers, seed)
    return [
        Measure(
            name=spec.name,
            unit=spec.unit,
            better=spec.better,
            condition=condition,
            value=value,
            low=low,
            high=high,
            num_clips=len({score.key for *_, score in found}),
            num_speakers=len(np.unique(speakers)),
        )
    ]


def _chance(spec: _Spec, scores: Sequence[ClipScore], calibration: IdentityCalibration | None) -> list[Measure]:
    """The measure's chance level; empty where it is not known."""
    value = _chance_levels(scores, calibration).get(spec.name)
    if value is None or all(spec.value_of(score) is None for score in scores):
        return []
    return [
        Measure(
            name=spec.name,
            unit=spec.unit,
            better=spec.better,
            condition=CHANCE,
            value=value,
            low=None,
            high=None,
            num_clips=len({score.key for score in scores}),
            num_speakers=len({score.speaker for score in scores}),
        )
    ]


def _chance_levels(scores: Sequence[ClipScore], calibration: IdentityCalibration | None) -> dict[str, float]:
    """Expected values of guessing, by measure: of a random candidate's audio, of another person's face."""
    candidates = np.array([score.num_candidates for score in scores if score.num_candidates is not None], np.float64)
    levels: dict[str, float] = {}
    if len(candidates):
        for top in _TOP:
            share = float(np.minimum(top / candidates, 1).mean())
            levels |= {name.format(top=top): share for name in (_IN_TOP, _SECOND_IN_TOP)}
        levels[_RANK] = float((candidates + 1).mean() / 2)
    if calibration is not None:
        levels[_DISTANCE] = calibration.different_distance
        levels[_VERIFIED] = calibration.error_share
    return levels

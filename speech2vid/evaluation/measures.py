"""What all clips say together: one number with its interval for each measure and kind of showing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from speech2vid.evaluation.clip_scores import ClipScore, values_of
from speech2vid.evaluation.conditions import SHOWN
from speech2vid.evaluation.identity import IdentityCalibration
from speech2vid.evaluation.intervals import mean_with_interval

CHANCE = "chance"
_TOP = (1, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A mean over clips."""

    name: str
    unit: str
    better: str  # higher, lower or near NUMBER
    shown: str  # kind of showing, or chance
    value: float
    low: float | None  # 95 %, whole people drawn anew; None below two people
    high: float | None
    num_clips: int
    num_speakers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    name: str
    unit: str
    better: str
    number: Callable[[ClipScore], float | None]


def all_measures(scores: Sequence[ClipScore], calibration: IdentityCalibration | None, seed: int) -> list[Measure]:
    """Every measure, with chance last where chance is known."""
    found = []
    for asked in _asked(calibration):
        rows = [_measure(asked, shown, [score for score in scores if score.shown == shown], seed) for shown in SHOWN]
        found += [row for row in rows if row is not None]
        found += _chance(asked, scores, calibration)
    return found


def _asked(calibration: IdentityCalibration | None) -> list[_Asked]:
    asked = [
        _Asked(name="opening correlation", unit="", better="higher", number=lambda score: score.opening_correlation),
        _Asked(
            name="opening deviation",
            unit="of the true one",
            better="near 1",
            number=lambda score: score.opening_deviation_ratio,
        ),
    ]
    asked += [
        _Asked(
            name=f"right audio found, top-{top}",
            unit="share",
            better="higher",
            number=lambda score, top=top: None if score.audio_rank is None else float(score.audio_rank <= top),
        )
        for top in _TOP
    ]
    asked += [
        _Asked(name="rank of the right sound", unit="", better="lower", number=lambda score: score.audio_rank),
        _Asked(
            name="lag of the right audio, absolute",
            unit="frame",
            better="lower",
            number=lambda score: None if score.sync_lag_frames is None else abs(score.sync_lag_frames),
        ),
        _Asked(name="identity distance", unit="", better="lower", number=lambda score: score.identity_distance),
        _Asked(name="nearer to itself than to anybody else", unit="share", better="higher", number=_is_nearest),
    ]
    if calibration is not None:
        asked.append(
            _Asked(
                name="taken for the same person",
                unit="share",
                better="higher",
                number=lambda score: (
                    None if score.identity_distance is None else float(score.identity_distance < calibration.threshold)
                ),
            )
        )
    return asked + [
        _Asked(name="mouth MSE", unit="grey level²", better="lower", number=lambda score: score.mouth_mse),
        _Asked(name="MSE", unit="grey level²", better="lower", number=lambda score: score.mse),
        _Asked(name="PSNR", unit="dB", better="higher", number=lambda score: score.psnr_db),
        _Asked(name="SSIM", unit="", better="higher", number=lambda score: score.ssim),
    ]


def _is_nearest(score: ClipScore) -> float | None:
    if score.nearest_other_distance is None:
        return None
    return float(score.identity_distance < score.nearest_other_distance)


def _measure(asked: _Asked, shown: str, scores: Sequence[ClipScore], seed: int) -> Measure | None:
    values, speakers = values_of(scores, asked.number)
    if not len(values):
        return None
    value, low, high = mean_with_interval(values, speakers, seed)
    return Measure(
        name=asked.name,
        unit=asked.unit,
        better=asked.better,
        shown=shown,
        value=value,
        low=low,
        high=high,
        num_clips=len(values),
        num_speakers=len(np.unique(speakers)),
    )


def _chance(asked: _Asked, scores: Sequence[ClipScore], calibration: IdentityCalibration | None) -> list[Measure]:
    """What blind guessing gives: another audio, or another person's face."""
    sounds = np.array([score.num_sounds for score in scores if score.num_sounds is not None], np.float64)
    known = {}
    if len(sounds):
        known = {f"right audio found, top-{top}": float(np.minimum(top / sounds, 1).mean()) for top in _TOP}
        known["rank of the right sound"] = float((sounds + 1).mean() / 2)
    if calibration is not None:
        known["identity distance"] = calibration.different_distance
        known["taken for the same person"] = calibration.error_share
    if asked.name not in known:
        return []
    return [
        Measure(
            name=asked.name,
            unit=asked.unit,
            better=asked.better,
            shown=CHANCE,
            value=known[asked.name],
            low=None,
            high=None,
            num_clips=len({score.key for score in scores}),
            num_speakers=len({score.speaker for score in scores}),
        )
    ]

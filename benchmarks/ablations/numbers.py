"""The numbers of a variant: means over clips of the scores of `talkshard evaluate`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.conditions import GENERATED, WRONG_AUDIO

SHARPNESS = "sharpness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A column of the table. score: a field of ClipScore; of_wrong_audio: with another clip's audio."""

    name: str
    better: str  # higher or lower
    score: str
    of_wrong_audio: bool = False


NUMBERS = {
    number.name: number
    for number in (
        Number(name="MSE", better="lower", score="mse"),
        Number(name="SSIM", better="higher", score="ssim"),
        Number(name="mouth MSE", better="lower", score="mouth_mse"),
        Number(name="identity distance", better="lower", score="identity_distance"),
        Number(name="opening r", better="higher", score="opening_correlation"),
        Number(name="opening r, wrong audio", better="lower", score="opening_correlation", of_wrong_audio=True),
        Number(name="opening deviation", better="higher", score="opening_deviation_ratio"),
        Number(name=SHARPNESS, better="higher", score="sharpness_ratio"),
    )
}


def numbers_of(scores: Sequence[ClipScore], condition: str = GENERATED) -> dict[str, float | None]:
    """All numbers of a condition; None where no clip has such a score. Only a generator has wrong audio."""
    return {number.name: _mean(scores, number.score, _condition_of(number, condition)) for number in NUMBERS.values()}


def _condition_of(number: Number, condition: str) -> str:
    if not number.of_wrong_audio:
        return condition
    return WRONG_AUDIO if condition == GENERATED else ""


def _mean(scores: Sequence[ClipScore], name: str, condition: str) -> float | None:
    found = [value for one in scores if one.condition == condition and (value := getattr(one, name)) is not None]
    return float(np.mean(found)) if found else None

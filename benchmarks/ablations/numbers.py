"""The numbers of a variant: measures of `talkshard evaluate`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from speech2vid.evaluation.conditions import GENERATED, WRONG_AUDIO

SHARPNESS = "sharpness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A column of the table. measure, condition: those of the evaluation."""

    name: str
    better: str  # higher or lower
    measure: str
    condition: str = GENERATED


NUMBERS = {
    number.name: number
    for number in (
        Number(name="MSE", better="lower", measure="MSE"),
        Number(name="PSNR dB", better="higher", measure="PSNR"),
        Number(name="SSIM", better="higher", measure="SSIM"),
        Number(name="mouth MSE", better="lower", measure="mouth MSE"),
        Number(name="identity distance", better="lower", measure="identity distance"),
        Number(name="opening r", better="higher", measure="opening correlation"),
        Number(name="opening r, wrong audio", better="lower", measure="opening correlation", condition=WRONG_AUDIO),
        Number(name="opening deviation", better="higher", measure="opening deviation"),
        Number(name="top-1", better="higher", measure="right audio found, top-1"),
        Number(name=SHARPNESS, better="higher", measure=SHARPNESS),
    )
}


def numbers_of(measures: Sequence[Mapping], condition: str = GENERATED) -> dict[str, float | None]:
    """All numbers, from the measures of evaluation.json; None where there is no such measure.

    condition: the condition whose measures are taken.
    """
    found = {(measure["name"], measure["condition"]): measure["value"] for measure in measures}
    return {
        number.name: found.get(
            (number.measure, condition if number.condition == GENERATED else _wrong_audio_of(condition))
        )
        for number in NUMBERS.values()
    }


def _wrong_audio_of(condition: str) -> str:
    """The same condition with wrong audio, which only a generator has."""
    return WRONG_AUDIO if condition == GENERATED else ""

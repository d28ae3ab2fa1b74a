"""The numbers of a variant: measures of `talkshard evaluate`, and sharpness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from speech2vid.evaluation.clips import EvaluationClip
from speech2vid.evaluation.conditions import GENERATED, WRONG_AUDIO, FaceGenerator, resized_faces
from speech2vid.evaluation.pixels import PIXELS_EVERY
from transforms.media.face_crop import sharpness

SHARPNESS = "sharpness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A column of the table. measure, condition: those of the evaluation, which does not measure sharpness."""

    name: str
    better: str  # higher or lower
    measure: str = ""
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
        Number(name=SHARPNESS, better="higher"),
    )
}


def numbers_of(measures: Sequence[Mapping], condition: str = GENERATED) -> dict[str, float | None]:
    """All numbers but sharpness, from the measures of evaluation.json; None where there is no such measure.

    condition: the condition whose measures are taken.
    """
    found = {(measure["name"], measure["condition"]): measure["value"] for measure in measures}
    return {
        number.name: found.get(
            (number.measure, condition if number.condition == GENERATED else _wrong_audio_of(condition))
        )
        for number in NUMBERS.values()
    }


def sharpness_of(generator: FaceGenerator, clips: Sequence[EvaluationClip]) -> float:
    """Variance of the Laplacian of generated faces over that of the real ones, mean over clips; every fifth frame."""
    ratios = []
    for clip in clips:
        fewer = EvaluationClip(stored=clip.stored, frames=clip.frames[::PIXELS_EVERY], still_frames=clip.still_frames)
        generated = generator.faces(fewer, fewer)
        real = resized_faces(fewer.faces(), generated.shape[1])
        ratios.append(np.mean(list(map(sharpness, generated))) / max(np.mean(list(map(sharpness, real))), 1e-6))
    return float(np.mean(ratios))


def _wrong_audio_of(condition: str) -> str:
    """The same condition with wrong audio, which only a generator has."""
    return WRONG_AUDIO if condition == GENERATED else ""

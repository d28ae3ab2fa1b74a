"""The numbers of a variant: what `talkshard evaluate` found, and sharpness."""

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
    """A column. measure, shown: of the evaluation; none for sharpness, which it has not."""

    name: str
    better: str  # higher or lower
    measure: str = ""
    shown: str = GENERATED


NUMBERS = {
    number.name: number
    for number in (
        Number(name="MSE", better="lower", measure="MSE"),
        Number(name="PSNR dB", better="higher", measure="PSNR"),
        Number(name="SSIM", better="higher", measure="SSIM"),
        Number(name="mouth MSE", better="lower", measure="mouth MSE"),
        Number(name="identity distance", better="lower", measure="identity distance"),
        Number(name="opening r", better="higher", measure="opening correlation"),
        Number(name="opening r, wrong sound", better="lower", measure="opening correlation", shown=WRONG_AUDIO),
        Number(name="opening deviation", better="higher", measure="opening deviation"),
        Number(name="top-1", better="higher", measure="right audio found, top-1"),
        Number(name=SHARPNESS, better="higher"),
    )
}


def numbers_of(measures: Sequence[Mapping], shown: str = GENERATED) -> dict[str, float | None]:
    """All but sharpness, from the measures of evaluation.json; None where it was not measured.

    shown: another kind of showing, whose own numbers stand in for the generator's.
    """
    found = {(measure["name"], measure["condition"]): measure["value"] for measure in measures}
    return {
        number.name: found.get((number.measure, shown if number.shown == GENERATED else _other(shown)))
        for number in NUMBERS.values()
    }


def sharpness_of(generator: FaceGenerator, clips: Sequence[EvaluationClip]) -> float:
    """Variance of the Laplacian of generated faces over that of the true ones, mean over clips; every fifth frame."""
    ratios = []
    for clip in clips:
        few = EvaluationClip(stored=clip.stored, frames=clip.frames[::PIXELS_EVERY], still_frames=clip.still_frames)
        made = generator.faces(few, few)
        true = resized_faces(few.faces(), made.shape[1])
        ratios.append(np.mean(list(map(sharpness, made))) / max(np.mean(list(map(sharpness, true))), 1e-6))
    return float(np.mean(ratios))


def _other(shown: str) -> str:
    """Only a generator can be given a wrong audio."""
    return WRONG_AUDIO if shown == GENERATED else ""

"""The best, middle and worst clips as images: true faces above generated ones, and how far their mouths open."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.conditions import GENERATED, REAL, WRONG_AUDIO
from transforms.media.face_crop import encode_jpeg

STRIP_ROWS = (REAL, GENERATED, WRONG_AUDIO)
_STRIP_FACES = 12
_NUM_EACH = 2
_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strip:
    """What the page keeps of one clip."""

    jpeg_base64: str  # STRIP_ROWS below each other, of frames spread over the clip
    openings: dict[str, np.ndarray]  # mouth openings (<= K,) by condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One clip on the page."""

    place: str  # best, middle or worst
    score: ClipScore
    strip: Strip

    def curves(self) -> dict[str, str]:
        """Mouth openings by condition as points of a polyline in a box of 1000 x 100, on one scale."""
        whole = np.concatenate(list(self.strip.openings.values()))
        low, span = whole.min(), max(np.ptp(whole), 1e-6)
        num_frames = max(len(opening) for opening in self.strip.openings.values())
        return {
            condition: " ".join(
                f"{1000 * frame / max(num_frames - 1, 1):.1f},{100 - 100 * (value - low) / span:.1f}"
                for frame, value in enumerate(opening)
            )
            for condition, opening in self.strip.openings.items()
        }


def strip_of(faces: dict[str, np.ndarray], openings: dict[str, np.ndarray]) -> Strip:
    """Images of one clip's conditions, in frames where the true mouth is alternately closed and open."""
    num_frames = min(len(faces[condition]) for condition in STRIP_ROWS if condition in faces)
    frames = contrasting_frames(openings[REAL][:num_frames], _STRIP_FACES)
    rows = [np.concatenate(list(faces[condition][frames]), axis=1) for condition in STRIP_ROWS if condition in faces]
    jpeg = encode_jpeg(np.concatenate(rows), _JPEG_QUALITY)
    kept = {condition: opening for condition, opening in openings.items() if condition in STRIP_ROWS}
    return Strip(jpeg_base64=base64.b64encode(jpeg).decode(), openings=kept)


def contrasting_frames(opening: np.ndarray, num_frames: int) -> np.ndarray:
    """The frame with the most closed or the widest mouth, alternately, in each of num_frames parts; ascending."""
    edges = np.linspace(0, len(opening), num_frames + 1).astype(int)
    chosen = []
    for number, (start, end) in enumerate(pairwise(edges)):
        if end > start:
            part = opening[start:end]
            chosen.append(start + int(part.argmax() if number % 2 else part.argmin()))
    return np.array(chosen)


def choose_examples(scores: Sequence[ClipScore], strips: dict[str, Strip]) -> list[Example]:
    """Choose clips by the opening correlation of the faces that were generated from the right audio."""
    ranked = sorted(
        (score for score in scores if score.condition == GENERATED),
        key=lambda score: (-score.opening_correlation, score.key),
    )
    middle = len(ranked) // 2
    places = {"best": ranked[:_NUM_EACH], "middle": ranked[middle : middle + 1], "worst": ranked[-_NUM_EACH:]}
    chosen: dict[str, Example] = {}
    for place, of_place in places.items():
        for score in of_place:
            chosen.setdefault(score.key, Example(place=place, score=score, strip=strips[score.key]))
    return list(chosen.values())

"""Example clips as images: conditions below each other, and how far their mouths open over time."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from speech2vid.evaluation.canonical_size import resized_faces
from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.conditions import (
    GENERATED,
    MEAN_FACE,
    MEAN_STILLS,
    OTHER_CLIP,
    OWN_MEAN,
    REAL,
    WRONG_AUDIO,
    Shown,
)
from transforms.media.face_crop import encode_jpeg

_STRIP_FACES, _STRIP_PX = 12, 128
_NUM_EACH = 2
_JPEG_QUALITY = 88
_NOT_SEEN = (WRONG_AUDIO, MEAN_STILLS, MEAN_FACE, OWN_MEAN, OTHER_CLIP)  # measured, but not worth looking at


@dataclass(frozen=True, slots=True, kw_only=True)
class StripRow:
    """One condition of a strip."""

    condition: str
    jpeg_base64: str  # its faces in some frames beside each other


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strip:
    """What the page keeps of one clip."""

    rows: list[StripRow]
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


def conditions_to_see(conditions: Sequence[str]) -> list[str]:
    """Conditions worth looking at, real video first."""
    return [REAL, *(name for name in conditions if name not in (REAL, *_NOT_SEEN))]


def strip_of(conditions: Sequence[Shown], openings: Mapping[str, np.ndarray]) -> Strip:
    """Images of one clip's conditions, in frames where the true mouth is alternately closed and open.

    openings: mouth openings (<= K,) by condition.
    """
    frames = contrasting_frames(openings[REAL], _STRIP_FACES)
    rows = []
    for shown in conditions:
        faces = resized_faces(shown.faces_rgb[frames], _STRIP_PX)
        jpeg = encode_jpeg(np.concatenate(list(faces), axis=1), _JPEG_QUALITY)
        rows.append(StripRow(condition=shown.condition, jpeg_base64=base64.b64encode(jpeg).decode()))
    drawn = {name: openings[name] for name in (REAL, GENERATED, WRONG_AUDIO) if name in openings}
    return Strip(rows=rows, openings=drawn)


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
    """Choose clips by the opening correlation of the faces that were generated from five stills."""
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

"""The best, middling and worst clips as images: true faces over generated ones, and how their mouths open."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.conditions import MADE, REAL, WRONG_AUDIO
from transforms.media.face_crop import encode_jpeg

STRIP_ROWS = (REAL, MADE, WRONG_AUDIO)
_STRIP_FACES = 12
_NUM_EACH = 2
_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """What is kept of a clip for the page."""

    jpeg_base64: str  # STRIP_ROWS under each other, moments spread over the clip
    openings: dict[str, np.ndarray]  # kind -> (<= K,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One clip on the page."""

    place: str  # best, middling or worst
    score: ClipScore
    strip: Strip

    def curves(self) -> dict[str, str]:
        """Kind -> points of a polyline in a box of 1000 x 100, one scale for all."""
        whole = np.concatenate(list(self.strip.openings.values()))
        low, span = whole.min(), max(np.ptp(whole), 1e-6)
        most = max(len(opening) for opening in self.strip.openings.values())
        return {
            kind: " ".join(
                f"{1000 * place / max(most - 1, 1):.1f},{100 - 100 * (value - low) / span:.1f}"
                for place, value in enumerate(opening)
            )
            for kind, opening in self.strip.openings.items()
        }


def strip_of(shown: dict[str, np.ndarray], openings: dict[str, np.ndarray]) -> Strip:
    """Pictures of one clip's conditions, in moments when the true mouth is closed and wide in turn."""
    num_frames = min(len(shown[kind]) for kind in STRIP_ROWS if kind in shown)
    places = telling_moments(openings[REAL][:num_frames], _STRIP_FACES)
    rows = [np.concatenate(list(shown[kind][places]), axis=1) for kind in STRIP_ROWS if kind in shown]
    jpeg = encode_jpeg(np.concatenate(rows), _JPEG_QUALITY)
    kept = {kind: opening for kind, opening in openings.items() if kind in STRIP_ROWS}
    return Strip(jpeg_base64=base64.b64encode(jpeg).decode(), openings=kept)


def telling_moments(opening: np.ndarray, num_moments: int) -> np.ndarray:
    """Frames where the true mouth is widest or most closed in each part of the clip, in turn, ascending."""
    edges = np.linspace(0, len(opening), num_moments + 1).astype(int)
    chosen = []
    for number, (start, end) in enumerate(pairwise(edges)):
        if end > start:
            piece = opening[start:end]
            chosen.append(start + int(piece.argmax() if number % 2 else piece.argmin()))
    return np.array(chosen)


def choose_examples(scores: Sequence[ClipScore], strips: dict[str, Strip]) -> list[Example]:
    """Clips by the opening correlation of what was generated from the right audio."""
    made = sorted(
        (score for score in scores if score.shown == MADE), key=lambda score: (-score.opening_correlation, score.key)
    )
    middle = len(made) // 2
    asked = {"best": made[:_NUM_EACH], "middling": made[middle : middle + 1], "worst": made[-_NUM_EACH:]}
    chosen, seen = [], set()
    for place, of_place in asked.items():
        for score in of_place:
            if score.key not in seen:
                seen.add(score.key)
                chosen.append(Example(place=place, score=score, strip=strips[score.key]))
    return chosen

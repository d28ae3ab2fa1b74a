"""The cases that a judge got most wrong, with images of the face and the sync curve."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.active_speaker.cases_of_pairs import GROUP as PAIRS
from benchmarks.active_speaker.cases_of_pairs import RIGHT
from benchmarks.active_speaker.outcomes import Outcome
from benchmarks.active_speaker.pair_measures import OTHER_AUDIO, of_kind
from benchmarks.active_speaker.segments import Face
from schemas.clock import FRAME_RATE
from transforms.media.face_crop import encode_jpeg
from transforms.speakers.sync_scores import MAX_SHIFT

_NUM_IMAGES, _IMAGE_PX, _JPEG_QUALITY = 10, 80, 80
_MAX_SHOWN = 6  # of each kind of mistake
_MIN_LENGTH_S = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCase:
    """A case as the page shows it."""

    mistake: str
    case: Outcome
    strip_base64: str  # JPEG
    points: str  # SVG polyline of the curve in a box of 31 x 10, from the smallest lag on the left
    true_place: float | None  # 0..30 on that axis


def worst_cases(outcomes: Sequence[Outcome], faces: Sequence[Face]) -> list[ShownCase]:
    """Right audio with a wrong lag, right audio with the lowest scores, wrong audio with the highest scores."""
    pairs = [case for case in outcomes if case.group == PAIRS and case.length_s >= _MIN_LENGTH_S and case.curve]
    right, wrong = of_kind(pairs, RIGHT), of_kind(pairs, *OTHER_AUDIO)
    missed = sorted(
        (case for case in right if (case.lag_error_frames or 0) > 1), key=lambda case: -case.lag_error_frames
    )
    found = [case for case in right if case not in missed]
    chosen = {
        "right audio, wrong lag": missed,
        "right audio, right lag, lowest score": sorted(found, key=lambda case: case.score),
        "wrong audio, highest score": sorted(wrong, key=lambda case: -case.score),
    }
    by_name = {face.clip.name: face for face in faces}
    return [_shown(mistake, case, by_name) for mistake, cases in chosen.items() for case in cases[:_MAX_SHOWN]]


def _shown(mistake: str, case: Outcome, faces: dict[str, Face]) -> ShownCase:
    name, _, first = case.face.rpartition(" ")
    face = faces[name]
    tube, offset = face.tube(), int(first) - face.track.start_frame
    last = min(offset + case.length_s * FRAME_RATE, len(tube.boxes_xyxy)) - 1
    images = [
        cv2.resize(tube.crop(int(frame)), (_IMAGE_PX, _IMAGE_PX), interpolation=cv2.INTER_AREA)
        for frame in np.linspace(offset, last, _NUM_IMAGES)
    ]
    strip = encode_jpeg(np.hstack(images), _JPEG_QUALITY)
    return ShownCase(
        mistake=mistake,
        case=case,
        strip_base64=base64.b64encode(strip).decode(),
        points=_points(case.curve),
        true_place=None if case.true_lag_frames is None else case.true_lag_frames + MAX_SHIFT,
    )


def _points(curve: Sequence[float]) -> str:
    values = np.array(curve)
    low, high = np.nanmin(values), np.nanmax(values)
    heights = 9.5 - 9 * (values - low) / max(high - low, 1e-9)
    return " ".join(f"{place},{height:.2f}" for place, height in enumerate(heights) if np.isfinite(height))

"""Videos of one clip in several conditions side by side, with its audio."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from speech2vid.evaluation.canonical_size import resized_faces
from speech2vid.evaluation.clips import EvaluationClip
from speech2vid.evaluation.conditions import Shown
from speech2vid.generation.talking_video import TalkingVideo

_FACE_PX, _HEAD_PX, _MARGIN_PX = 256, 24, 8


def write_side_by_side(path: Path, clip: EvaluationClip, shown: Sequence[Shown]) -> None:
    """Write an MP4 of faces from left to right, each below its condition's name, with the clip's audio."""
    head = _head([one.condition for one in shown])
    columns = [resized_faces(one.faces_rgb, _FACE_PX) for one in shown]
    samples = clip.stored.samples[clip.frames[0] * SAMPLES_PER_FRAME :][: len(clip.frames) * SAMPLES_PER_FRAME]
    size_px = head.shape[1], head.shape[0] + _FACE_PX
    with TalkingVideo(path, size_px, "Generated faces beside real video, made by talkshard evaluate") as video:
        video.write_audio(samples)
        for faces in zip(*columns, strict=True):
            video.write_image(np.concatenate([head, np.concatenate(faces, axis=1)]))


def _head(names: Sequence[str]) -> np.ndarray:
    """The names above the faces: RGB uint8 (_HEAD_PX, width, 3)."""
    head = np.full((_HEAD_PX, _FACE_PX * len(names), 3), 255, np.uint8)
    for column, name in enumerate(names):
        place = (column * _FACE_PX + _MARGIN_PX, _HEAD_PX - _MARGIN_PX)
        cv2.putText(head, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (40, 40, 40), 1, cv2.LINE_AA)
    return head

"""Videos of one clip in several conditions side by side, with its audio."""

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np

from schemas.clock import FRAME_RATE, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from speech2vid.evaluation.canonical_size import resized_faces
from speech2vid.evaluation.clips import EvaluationClip
from speech2vid.evaluation.conditions import Shown

_FACE_PX, _HEAD_PX, _MARGIN_PX = 256, 24, 8
_BITS_PER_S = 96_000  # of the audio


def write_side_by_side(path: Path, clip: EvaluationClip, shown: Sequence[Shown]) -> None:
    """Write an MP4 of faces from left to right, each below its condition's name, with the clip's audio."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = _head([one.condition for one in shown])
    columns = [resized_faces(one.faces_rgb, _FACE_PX) for one in shown]
    samples = clip.stored.samples[clip.frames[0] * SAMPLES_PER_FRAME :][: len(clip.frames) * SAMPLES_PER_FRAME]
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata["comment"] = "Generated faces beside real video, made by talkshard evaluate"
        images = container.add_stream("libx264", rate=FRAME_RATE, options={"crf": "20", "preset": "veryfast"})
        images.height, images.width = head.shape[0] + _FACE_PX, head.shape[1]
        images.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono")
        audio.bit_rate = _BITS_PER_S
        for faces in zip(*columns, strict=True):
            image = np.concatenate([head, np.concatenate(faces, axis=1)])
            container.mux(images.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(images.encode(None))
        spoken = av.AudioFrame.from_ndarray((samples[None] / 32768).astype(np.float32), format="fltp", layout="mono")
        spoken.sample_rate = SAMPLE_RATE_HZ
        container.mux(audio.encode(spoken))
        container.mux(audio.encode(None))


def _head(names: Sequence[str]) -> np.ndarray:
    """The names above the faces: RGB uint8 (_HEAD_PX, width, 3)."""
    head = np.full((_HEAD_PX, _FACE_PX * len(names), 3), 255, np.uint8)
    for column, name in enumerate(names):
        place = (column * _FACE_PX + _MARGIN_PX, _HEAD_PX - _MARGIN_PX)
        cv2.putText(head, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (40, 40, 40), 1, cv2.LINE_AA)
    return head

"""BlazeFace, full range (Bazarevsky et al. 2019, Apache-2.0), through LiteRT: fast, misses small faces."""

import cv2
import numpy as np

from transforms.faces.detectors.detections import Detections, smallest_face_px, suppress
from transforms.faces.detectors.entry import installed_entry
from transforms.faces.litert_network import LiteRtNetwork
from transforms.media.models import model_path, model_sha256

_SIDE, _STRIDE = 192, 4  # px of the network's input; px a cell of its anchor grid


class BlazeFace:
    """One anchor in each cell of a 48 x 48 grid; of its landmarks, the mouth's centre stands for both mouth corners."""

    name = "blazeface"

    def __init__(self, *, score: float) -> None:
        """Load the installed weights; detections at or below `score` are dropped."""
        self.sha256 = model_sha256("blazeface")
        self._network = LiteRtNetwork(model_path("blazeface"))
        self._score = score
        cells = (np.arange(_SIDE // _STRIDE) + 0.5) * _STRIDE
        self._anchors = np.stack(np.meshgrid(cells, cells), -1).reshape(-1, 2)

    def detect(self, rgb: np.ndarray) -> Detections:
        """See FaceDetector."""
        height, width = rgb.shape[:2]
        scale = _SIDE / max(height, width)
        image = cv2.warpAffine(
            rgb,
            np.array([[scale, 0, (_SIDE - width * scale) / 2], [0, scale, (_SIDE - height * scale) / 2]]),
            (_SIDE, _SIDE),
            flags=cv2.INTER_AREA,
        )
        raw, logits = self._network.run(image[None].astype(np.float32) / 127.5 - 1)
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        kept = scores > self._score
        raw, anchors = raw[0, kept], self._anchors[kept]
        centre, size = raw[:, :2] + anchors, raw[:, 2:4]
        boxes = np.hstack([centre - size / 2, centre + size / 2])
        points = raw[:, 4:12].reshape(-1, 4, 2) + anchors[:, None]
        landmarks = points[:, [0, 1, 2, 3, 3]]
        shift = np.array([(_SIDE - width * scale) / 2, (_SIDE - height * scale) / 2])
        return suppress((boxes - np.tile(shift, 2)) / scale, scores[kept], (landmarks - shift) / scale)

    def smallest_face_px(self, width: int, height: int) -> float:
        """See FaceDetector."""
        return smallest_face_px(width, height, (_SIDE, _SIDE))


def _load(argument: str, *, min_box_px: float, score: float) -> BlazeFace:
    return BlazeFace(score=score)


ENTRY = installed_entry("blazeface", about="faster, misses small faces", load=_load)

"""What every face detector gives, how it is called, and the parts that several detectors share."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

_SMALLEST_FACE_PX = 10.0  # of the detectors' input; CenterFace finds half of the faces of 10 px, and those of 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """Faces of one image, highest score first."""

    boxes_xyxy: np.ndarray  # float32 (N, 4), px
    scores: np.ndarray  # float32 (N,), 0..1
    landmarks: np.ndarray  # float32 (N, 5, 2), px: person's right eye, left eye, nose tip, right, left mouth corner

    def __len__(self) -> int:
        """Number of faces."""
        return len(self.boxes_xyxy)


NO_DETECTIONS = Detections(
    boxes_xyxy=np.zeros((0, 4), np.float32), scores=np.zeros(0, np.float32), landmarks=np.zeros((0, 5, 2), np.float32)
)


class FaceDetector(Protocol):
    """Finds all faces of an image."""

    name: str
    sha256: str

    def detect(self, rgb: np.ndarray) -> Detections:
        """Faces of an RGB uint8 (H, W, 3) image."""

    def smallest_face_px(self, width: int, height: int) -> float:
        """Shorter side of the smallest face that can be found in an image of this size, px."""


def detector_size(width: int, height: int, min_box_px: float) -> tuple[int, int]:
    """Size of the image that a detector is given, in multiples of 32 px.

    The smallest wanted face keeps 10 px; the longer side is 320 to 960 px, and never enlarged.
    """
    longest = max(width, height)
    side = float(np.clip(longest * _SMALLEST_FACE_PX / min_box_px, min(longest, 320), 960))
    scale = min(1.0, side / longest)
    return _multiple_of_32(width * scale), _multiple_of_32(height * scale)


def smallest_face_px(width: int, height: int, size: tuple[int, int]) -> float:
    """Shorter side of the smallest face that can be found when an image is searched at another size, px."""
    return _SMALLEST_FACE_PX * max(1.0, max(width, height) / max(size))


def suppress(boxes_xyxy: np.ndarray, scores: np.ndarray, landmarks: np.ndarray, iou: float = 0.3) -> Detections:
    """Non-maximum suppression through OpenCV; highest score first."""
    boxes_xyxy = np.asarray(boxes_xyxy, np.float32).reshape(-1, 4)
    sizes = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    found = cv2.dnn.NMSBoxes(np.hstack([boxes_xyxy[:, :2], sizes]).tolist(), scores.tolist(), 0.0, iou)
    kept = np.asarray(found, np.int64).reshape(-1)
    return Detections(
        boxes_xyxy=boxes_xyxy[kept],
        scores=np.asarray(scores, np.float32)[kept],
        landmarks=np.asarray(landmarks, np.float32).reshape(-1, 5, 2)[kept],
    )


def _multiple_of_32(length_px: float) -> int:
    return max(32, int(np.ceil(length_px / 32)) * 32)

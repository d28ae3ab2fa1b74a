"""Full-frame face detectors behind one small Protocol."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from schemas.errors import UsageError
from transforms.media.models import model_path, model_sha256
from transforms.media.onnx_runtime import onnx_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """Faces of one image, best first."""

    boxes_xyxy: np.ndarray  # float32 (N, 4), px
    scores: np.ndarray  # float32 (N,)
    landmarks: np.ndarray  # float32 (N, 5, 2), px: person's right eye, left eye, nose tip, right, left mouth corner

    def __len__(self) -> int:
        return len(self.boxes_xyxy)


class FaceDetector(Protocol):
    """Finds all faces of an image."""

    name: str
    sha256: str

    def detect(self, rgb: np.ndarray) -> Detections:
        """Faces of an RGB uint8 (H, W, 3) image."""

    def embed(self, rgb: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Recognition embedding float32 (D,) of the face with these landmarks (5, 2); D = 0 without such a network."""


NO_EMBEDDING = np.zeros(0, np.float32)


def load_detector(spec: str, *, min_box_px: float, score: float) -> FaceDetector:
    """Detector by its setting: centerface, blazeface or insightface:FOLDER."""
    if spec == "centerface":
        return CenterFace(min_box_px=min_box_px, score=score)
    if spec == "blazeface":
        from transforms.faces.detectors.blazeface import BlazeFace

        return BlazeFace(score=score)
    from transforms.faces.detectors.insightface_pack import InsightFacePack

    return InsightFacePack(Path(spec.removeprefix("insightface:")), min_box_px=min_box_px, score=score)


def detector_size(width: int, height: int, min_box_px: float) -> tuple[int, int]:
    """Picture size a detector sees: the smallest wanted face keeps 10 px, the longer side 320 to 960; multiples of 32."""
    longest = max(width, height)
    side = float(np.clip(longest * 10.0 / min_box_px, min(longest, 320), 960))
    scale = min(1.0, side / longest)
    return tuple(max(32, int(np.ceil(size * scale / 32)) * 32) for size in (width, height))


class CenterFace:
    """CenterFace (Xu et al. 2019, MIT), any input size, through ONNX Runtime."""

    name = "centerface"

    def __init__(self, *, min_box_px: float, score: float) -> None:
        self.sha256 = model_sha256("centerface")
        self._session = onnx_session(_dynamic_centerface(model_path("centerface")))
        self._min_box_px, self._score = min_box_px, score

    def detect(self, rgb: np.ndarray) -> Detections:
        """See FaceDetector."""
        height, width = rgb.shape[:2]
        size = detector_size(width, height, self._min_box_px)
        interpolation = cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR
        image = cv2.resize(rgb, size, interpolation=interpolation)
        blob = np.ascontiguousarray(image.transpose(2, 0, 1)[None], dtype=np.float32)
        heat, scale, offset, points = self._session.run(None, {"input.1": blob})
        found = _decode_centerface(heat[0, 0], scale[0], offset[0], points[0], self._score)
        factor = np.array([width / size[0], height / size[1]], np.float32)
        return suppress(found[0] * np.tile(factor, 2), found[1], found[2] * factor)

    def embed(self, rgb: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """CenterFace brings no recognition network."""
        return NO_EMBEDDING


def _dynamic_centerface(path: str) -> bytes:
    """The published file fixes a 10 x 3 x 32 x 32 input; the network is fully convolutional."""
    import onnx
    from onnx.tools.update_model_dims import update_inputs_outputs_dims

    model = onnx.load(path)
    dims = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim] for value in model.graph.input}
    outputs = {
        value.name: ["batch", value.type.tensor_type.shape.dim[1].dim_value, "h", "w"] for value in model.graph.output
    }
    return update_inputs_outputs_dims(
        model, {**dims, "input.1": ["batch", 3, "height", "width"]}, outputs
    ).SerializeToString()


def _decode_centerface(
    heat: np.ndarray, scale: np.ndarray, offset: np.ndarray, points: np.ndarray, score: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (N, 4), scores (N,), landmarks (N, 5, 2) in network px from its four maps; stride 4."""
    rows, columns = np.nonzero(heat > score)
    size = np.exp(scale[:, rows, columns]) * 4  # height, width
    centre_y = (rows + offset[0, rows, columns] + 0.5) * 4
    centre_x = (columns + offset[1, rows, columns] + 0.5) * 4
    x1, y1 = centre_x - size[1] / 2, centre_y - size[0] / 2
    boxes = np.stack([x1, y1, x1 + size[1], y1 + size[0]], 1)
    relative = points[:, rows, columns].reshape(5, 2, -1)  # y, x of each point inside the box
    landmarks = np.stack([relative[:, 1] * size[1] + x1, relative[:, 0] * size[0] + y1], -1).transpose(1, 0, 2)
    return boxes, heat[rows, columns], landmarks


def suppress(boxes_xyxy: np.ndarray, scores: np.ndarray, landmarks: np.ndarray, iou: float = 0.3) -> Detections:
    """Non-maximum suppression through OpenCV; best first."""
    boxes_xyxy = np.asarray(boxes_xyxy, np.float32).reshape(-1, 4)
    sizes = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    kept = cv2.dnn.NMSBoxes(np.hstack([boxes_xyxy[:, :2], sizes]).tolist(), scores.tolist(), 0.0, iou)
    kept = np.asarray(kept, np.int64).reshape(-1)
    return Detections(
        boxes_xyxy=boxes_xyxy[kept],
        scores=np.asarray(scores, np.float32)[kept],
        landmarks=np.asarray(landmarks, np.float32).reshape(-1, 5, 2)[kept],
    )


def file_sha256(path: Path) -> str:
    """sha256 of a weights file."""
    if not path.is_file():
        raise UsageError(f"no model file {path}")
    return hashlib.sha256(path.read_bytes()).hexdigest()

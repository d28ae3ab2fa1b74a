"""CenterFace (Xu et al. 2019, MIT): one convolutional network on the whole image, through ONNX Runtime."""

import numpy as np

from transforms.faces.detectors.detections import Detections, detector_size, smallest_face_px, suppress
from transforms.faces.detectors.entry import installed_entry
from transforms.media.models import model_path, model_sha256
from transforms.media.onnx_runtime import onnx_session
from transforms.media.shrink import shrink

_STRIDE = 4  # image px a cell of the network's maps


class CenterFace:
    """A heat map of face centres with box sizes, offsets and five landmarks; takes any input size."""

    name = "centerface"

    def __init__(self, *, min_box_px: float, score: float) -> None:
        """Load the installed weights; see FaceDetector."""
        self.sha256 = model_sha256("centerface")
        self._session = onnx_session(_with_free_input_size(model_path("centerface")))
        self._min_box_px, self._score = min_box_px, score

    def detect(self, rgb: np.ndarray) -> Detections:
        """See FaceDetector."""
        height, width = rgb.shape[:2]
        size = detector_size(width, height, self._min_box_px)
        blob = np.ascontiguousarray(shrink(rgb, size).transpose(2, 0, 1)[None], dtype=np.float32)
        heat, scale, offset, points = self._session.run(None, {"input.1": blob})
        boxes, scores, landmarks = _decode(heat[0, 0], scale[0], offset[0], points[0], self._score)
        factor = np.array([width / size[0], height / size[1]], np.float32)
        return suppress(boxes * np.tile(factor, 2), scores, landmarks * factor)

    def smallest_face_px(self, width: int, height: int) -> float:
        """See FaceDetector."""
        return smallest_face_px(width, height, detector_size(width, height, self._min_box_px))


def _load(argument: str, *, min_box_px: float, score: float) -> CenterFace:
    return CenterFace(min_box_px=min_box_px, score=score)


ENTRY = installed_entry("centerface", about="finds small faces too", load=_load)


def _with_free_input_size(path: str) -> bytes:
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


def _decode(
    heat: np.ndarray, scale: np.ndarray, offset: np.ndarray, points: np.ndarray, score: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (N, 4), scores (N,), landmarks (N, 5, 2), in px of the network's input, from its four maps.

    heat: (h, w); scale and offset: (2, h, w), vertical before horizontal; points: (10, h, w).
    """
    rows, columns = np.nonzero(heat > score)
    size = np.exp(scale[:, rows, columns]) * _STRIDE  # height, width
    centre_y = (rows + offset[0, rows, columns] + 0.5) * _STRIDE
    centre_x = (columns + offset[1, rows, columns] + 0.5) * _STRIDE
    x1, y1 = centre_x - size[1] / 2, centre_y - size[0] / 2
    boxes = np.stack([x1, y1, x1 + size[1], y1 + size[0]], 1)
    relative = points[:, rows, columns].reshape(5, 2, -1)  # y, x of each point inside the box
    landmarks = np.stack([relative[:, 1] * size[1] + x1, relative[:, 0] * size[0] + y1], -1).transpose(1, 0, 2)
    return boxes, heat[rows, columns], landmarks

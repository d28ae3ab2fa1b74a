"""Faces by an InsightFace pack: a local folder of ONNX files, through the `insightface` package, on the CPU.

Of its networks only the detector (SCRFD), which gives five landmarks, is kept. The published packs are for
non-commercial research only.
"""

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from schemas.errors import UsageError
from transforms.faces.detectors.detections import Detections, detector_size, smallest_face_px
from transforms.faces.detectors.entry import DetectorEntry
from transforms.media.model_licences import INSIGHTFACE, INSIGHTFACE_PACK, file_weights

_FIXED_SIZE = (640, 640)
_SUPPRESSION_IOU = 0.4
_NO_FACES = Detections(
    boxes_xyxy=np.zeros((0, 4), np.float32), scores=np.zeros(0, np.float32), landmarks=np.zeros((0, 5, 2), np.float32)
)


class InsightFacePack:
    """The detector of one folder."""

    def __init__(self, folder: Path, *, min_box_px: float, score: float) -> None:
        """Load the folder's detector; see FaceDetector. UsageError: it has none."""
        path, self._detector = _detector_of(folder)
        self._detector.prepare(-1, input_size=_FIXED_SIZE, det_thresh=score, nms_thresh=_SUPPRESSION_IOU)
        self._has_fixed_size = isinstance(self._detector.session.get_inputs()[0].shape[2], int)
        self._min_box_px = min_box_px
        self.name, self.sha256 = f"insightface:{path.stem}", _sha256(path)

    def detect(self, rgb: np.ndarray) -> Detections:
        """See FaceDetector."""
        size = _FIXED_SIZE if self._has_fixed_size else detector_size(rgb.shape[1], rgb.shape[0], self._min_box_px)
        if min(rgb.shape[:2]) * min(size) < max(rgb.shape[:2]):
            return _NO_FACES  # less than a pixel of it would be left, which OpenCV refuses
        found, landmarks = self._detector.detect(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), input_size=size)
        return Detections(
            boxes_xyxy=found[:, :4].astype(np.float32),
            scores=found[:, 4].astype(np.float32),
            landmarks=landmarks.astype(np.float32).reshape(-1, 5, 2),
        )

    def smallest_face_px(self, width: int, height: int) -> float:
        """See FaceDetector."""
        size = _FIXED_SIZE if self._has_fixed_size else detector_size(width, height, self._min_box_px)
        return smallest_face_px(width, height, size)


def _load(argument: str, *, min_box_px: float, score: float) -> InsightFacePack:
    return InsightFacePack(Path(argument), min_box_px=min_box_px, score=score)


def _require(argument: str) -> None:
    setting = f"--detector insightface:{argument}"
    if not Path(argument).is_dir():
        raise UsageError(f"{setting}: there is no folder {argument!r}")
    if not any(Path(argument).glob("*.onnx")):
        raise UsageError(f"{setting}: the folder holds no ONNX file, so it is no InsightFace pack")


def _weights(argument: str) -> dict[str, dict[str, str]]:
    return {
        f"{INSIGHTFACE}{path.name}": file_weights(path, INSIGHTFACE_PACK)
        for path in sorted(Path(argument).glob("*.onnx"))
    }


ENTRY = DetectorEntry(
    name="insightface",
    argument="FOLDER",
    about="the ONNX files of a pack, which are for non-commercial research",
    load=_load,
    require=_require,
    weights=_weights,
)


def _detector_of(folder: Path) -> tuple[Path, Any]:
    """The first detector among the folder's files, with its file; the other networks are not kept."""
    _require(str(folder))
    for path in sorted(folder.glob("*.onnx")):
        network = _network(path)
        if network is not None and network.taskname == "detection":
            return path, network
    raise UsageError(
        f"--detector insightface:{folder}: no detector among its ONNX files; the folder needs one, such as det_10g.onnx"
    )


def _network(path: Path) -> Any:
    """A network of the pack, as `insightface` wraps it; None for a kind that it does not know."""
    import onnxruntime
    from insightface.model_zoo import get_model

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return get_model(str(path), providers=["CPUExecutionProvider"], session_options=options)


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

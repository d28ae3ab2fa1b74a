"""Face recognition networks behind one small Protocol: the distance of two faces, small for the same person."""

import hashlib
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from schemas.errors import UsageError
from transforms.media.canonical import FILL_VALUE, fit_similarity, five_points
from transforms.media.model_licences import INSIGHTFACE_PACK, file_weights, pinned_weights
from transforms.media.models import model_path
from transforms.media.onnx_file import input_sizes, onnx_model, read_weights
from transforms.media.onnx_runtime import onnx_session
from transforms.people.config import DLIB, NONE

MODEL = "face_recognition"
"""Name of the installed weights of dlib's network."""
_OPTION = "--face_network"  # of the trainer
_TAKES = "{option} takes dlib, none, a FILE.onnx or the folder of an InsightFace pack"
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

    def __init__(self, path: Path, hint: str = _TAKES.format(option=_OPTION)) -> None:
        """Load an ONNX file; UsageError, which ends with the hint, when it is something else."""
        content = read_weights(path, hint)
        sizes = list(input_sizes(onnx_model(content, path, hint)).values())
        if not _is_recognition(sizes):
            raise UsageError(
                f"{path} is not a face recognition network: its inputs are {sizes}, not [1, 3, 112, 112]; {hint}"
            )
        self._session = onnx_session(content)
        self.name, self.sha256 = path.stem, hashlib.sha256(content).hexdigest()

    def embed(self, face_rgb: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        """See FaceNetwork; of length 1."""
        chip = _chip(face_rgb, five_points(mesh[None])[0], _ARCFACE, _ARCFACE_PX)
        blob = (chip.transpose(2, 0, 1)[None].astype(np.float32) - 127.5) / 127.5
        vector = self._session.run(None, {self._session.get_inputs()[0].name: blob})[0][0]
        return vector / max(float(np.linalg.norm(vector)), 1e-9)

    def distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Cosine distance, 0..2."""
        return 1 - (left * right).sum(-1)


class DlibNetwork:
    """dlib's ResNet (King 2017, CC0), which `talkshard models install` installs: Euclidean distance."""

    name = "dlib_resnet_v1"

    def __init__(self) -> None:
        """Load the installed weights; UsageError where they are missing."""
        import dlib

        path = Path(model_path(MODEL))
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


def load_face_network(spec: str, option: str = _OPTION) -> FaceNetwork | None:
    """Load a network by its setting: dlib, none, FILE.onnx, or the folder of an InsightFace pack.

    option: that the setting was given with, for errors. UsageError: it names no such network.
    """
    if spec == NONE:
        return None
    if spec == DLIB:
        return DlibNetwork()
    hint = _TAKES.format(option=option)
    return ArcFaceNetwork(_network_file(Path(spec), hint, option), hint)


def face_network_weights(spec: str) -> dict[str, dict[str, str]]:
    """Hash and licence of the network of a setting, by its name; of `none` nothing."""
    if spec == NONE:
        return {}
    if spec == DLIB:
        return {MODEL: pinned_weights(MODEL)}
    path = _network_file(Path(spec), "", "")
    weights = file_weights(path, INSIGHTFACE_PACK) if Path(spec).is_dir() else file_weights(path)
    return {f"face recognition {path.name}": weights}


def _network_file(path: Path, hint: str, option: str) -> Path:
    """The file itself, or the recognition network among a folder's files."""
    if not path.is_dir():
        return path
    for file in sorted(path.glob("*.onnx")):
        if _is_recognition(list(input_sizes(onnx_model(read_weights(file, hint), file, hint)).values())):
            return file
    raise UsageError(f"{option} {path} has no face recognition network among its ONNX files; {hint}")


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

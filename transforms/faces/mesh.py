"""MediaPipe's face mesh (Kartynnik et al. 2019, Apache-2.0) through LiteRT: 468 points and a presence score."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from transforms.faces.litert_network import LiteRtNetwork
from transforms.media.models import model_path, model_sha256
from transforms.media.shrink import halved, num_halvings

_SIDE = 192
NUM_POINTS = 468


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceRegion:
    """A rotated square around a face."""

    centre_x: float  # px
    centre_y: float  # px
    side: float  # px
    angle_rad: float  # + = clockwise in the image


class FaceMesh(Protocol):
    """Fits the mesh of the one face in a region."""

    sha256: str

    def locate(self, rgb: np.ndarray, region: FaceRegion) -> tuple[np.ndarray, float]:
        """Mesh float32 (468, 3) in px of the RGB image (depth in the same scale), and presence as a logit."""


class MediaPipeMesh:
    """The mesh network on a rotated crop of 192 px."""

    def __init__(self) -> None:
        """Load the installed weights."""
        self.sha256 = model_sha256("face_mesh")
        self._network = LiteRtNetwork(model_path("face_mesh"))

    def locate(self, rgb: np.ndarray, region: FaceRegion) -> tuple[np.ndarray, float]:
        """See FaceMesh."""
        to_source = _region_affine(region)
        crop = _crop(rgb, to_source, region.side)
        points, presence = self._network.run(crop[None].astype(np.float32) / 255)
        points = points.reshape(NUM_POINTS, 3).astype(np.float64)
        mesh = np.empty((NUM_POINTS, 3), np.float32)
        mesh[:, :2] = points[:, :2] @ to_source[:, :2].T + to_source[:, 2]
        mesh[:, 2] = points[:, 2] * (region.side / _SIDE)
        return mesh, float(presence.reshape(-1)[0])


def region_of_detection(box_xyxy: np.ndarray, landmarks: np.ndarray) -> FaceRegion:
    """Region of a detected face: 1.5 times its box, rotated so that its eyes are level."""
    x1, y1, x2, y2 = (float(value) for value in box_xyxy)
    dx, dy = landmarks[1] - landmarks[0]
    return FaceRegion(
        centre_x=(x1 + x2) / 2,
        centre_y=(y1 + y2) / 2,
        side=1.5 * max(x2 - x1, y2 - y1),
        angle_rad=float(np.arctan2(dy, dx)),
    )


def region_of_mesh(mesh: np.ndarray) -> FaceRegion:
    """Region for the next frame, as MediaPipe has it: 1.5 times the rotated bounding square of the points."""
    dx, dy = mesh[263, :2] - mesh[33, :2]
    angle = float(np.arctan2(dy, dx))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    upright = mesh[:, :2] @ rotation  # coordinates along the rotated axes
    low, high = upright.min(0), upright.max(0)
    centre = rotation @ ((low + high) / 2)
    return FaceRegion(
        centre_x=float(centre[0]), centre_y=float(centre[1]), side=1.5 * float((high - low).max()), angle_rad=angle
    )


def box_of_mesh(mesh: np.ndarray) -> np.ndarray:
    """Bounding box of the points, float32 (4,), px."""
    return np.concatenate([mesh[:, :2].min(0), mesh[:, :2].max(0)]).astype(np.float32)


def _region_affine(region: FaceRegion) -> np.ndarray:
    """Affine map from crop px to source px, (2, 3)."""
    scale = region.side / _SIDE
    cos, sin = np.cos(region.angle_rad) * scale, np.sin(region.angle_rad) * scale
    linear = np.array([[cos, -sin], [sin, cos]])
    shift = np.array([region.centre_x, region.centre_y]) - linear @ np.array([_SIDE / 2, _SIDE / 2])
    return np.column_stack([linear, shift])


def _crop(rgb: np.ndarray, to_source: np.ndarray, side: float) -> np.ndarray:
    """The rotated crop of a region. Large faces are halved first: a bilinear warp alone would skip pixels."""
    if side <= 2 * _SIDE:
        return cv2.warpAffine(rgb, to_source, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    times = num_halvings(side / _SIDE)
    reach = 0.75 * side
    centre = to_source @ np.array([_SIDE / 2, _SIDE / 2, 1.0])
    x1, y1 = np.maximum(np.floor(centre - reach).astype(int), 0)
    x2, y2 = np.minimum(np.ceil(centre + reach).astype(int), [rgb.shape[1], rgb.shape[0]])
    if min(x2 - x1, y2 - y1) < 2**times:
        return np.zeros((_SIDE, _SIDE, 3), np.uint8)
    small = halved(rgb[y1:y2, x1:x2], times)
    factor = 0.5**times
    shrunk = np.column_stack([to_source[:, :2], to_source[:, 2] - [x1, y1]]) * factor
    shrunk[:, 2] += 0.5 * factor - 0.5
    return cv2.warpAffine(small, shrunk, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)

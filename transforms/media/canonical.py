"""The canonical face: where eyes and nose of every stored face lie (Chung, Jamaludin, Zisserman 2017).

A similarity transform (no reflection) takes eye centres and nose tip, never mouth or jaw, to the mean face in an image
of 240 px. Its crop of 197 px from (22, 22) on is resized to `image_px`.
"""

from dataclasses import dataclass

import numpy as np

FILL_VALUE = 110
MEAN_FACE = np.array([[75.5, 63.2], [165.2, 61.3], [123.0, 113.0]])  # eye centres, nose tip; px in the 240 px frame
_CROP_START, _CROP_SIDE = 22.0, 197.0
MESH_UNIT = 16384  # stored mesh coordinates are image_px / MESH_UNIT

RIGHT_EYE, LEFT_EYE, NOSE_TIP, MOUTH_CORNERS, INNER_LIPS = (33, 133), (263, 362), 1, (61, 291), (13, 14)
"""Points of the mesh of 468 points; right and left are the person's."""
MOUTH_ROWS, MOUTH_COLUMNS = slice(55, 103), slice(30, 86)
MOUTH_FACE_PX = 112
"""The mouth window: 48 x 56 px around the mouth's centre (58, 79) of the canonical face at MOUTH_FACE_PX."""


def mouth_window(image_px: int) -> tuple[slice, slice]:
    """Rows and columns of the mouth window in a stored face of `image_px`."""
    rows, columns = (
        slice(*(round(edge * image_px / MOUTH_FACE_PX) for edge in (side.start, side.stop)))
        for side in (MOUTH_ROWS, MOUTH_COLUMNS)
    )
    return rows, columns


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalFace:
    """Where the stored face lies in its image; `margin` widens the crop on each side, as a share of its width."""

    image_px: int = 112
    margin: float = 0.0

    @property
    def targets(self) -> np.ndarray:
        """Eye centres and nose tip in the stored face: float64 (3, 2), px."""
        start = _CROP_START - self.margin * _CROP_SIDE
        scale = self.image_px / (_CROP_SIDE * (1 + 2 * self.margin))
        return (MEAN_FACE + 0.5 - start) * scale - 0.5

    def fit(self, points: np.ndarray) -> np.ndarray:
        """Similarity transforms from source px to the stored face, float64 (T, 2, 3).

        points: eye centres and nose tip (T, 3, 2), source px.
        """
        return fit_similarity(points, self.targets)


def fit_similarity(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Least-squares similarity transforms without reflection (Umeyama 1991, in the plane) of points to targets.

    points: (T, N, 2); targets: (N, 2). Returns float64 (T, 2, 3).
    """
    points = np.asarray(points, np.float64)
    centre, target_centre = points.mean(1, keepdims=True), targets.mean(0)
    source, target = points - centre, targets - target_centre
    # With complex numbers a similarity transform is one multiplication: z -> a z + b.
    z, w = source[..., 0] + 1j * source[..., 1], target[:, 0] + 1j * target[:, 1]
    factor = (z.conj() @ w) / np.maximum((np.abs(z) ** 2).sum(1), 1e-12)
    affine = np.empty((len(points), 2, 3))
    affine[:, 0, 0], affine[:, 0, 1] = factor.real, -factor.imag
    affine[:, 1, 0], affine[:, 1, 1] = factor.imag, factor.real
    affine[:, :, 2] = target_centre - np.einsum("tij,tj->ti", affine[:, :, :2], centre[:, 0])
    return affine


def apply_affine(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points (T, N, 2) by affine maps (T, 2, 3)."""
    return np.einsum("tij,tnj->tni", affine[:, :, :2], points) + affine[:, None, :, 2]


def invert_affine(affine: np.ndarray) -> np.ndarray:
    """Inverse of affine maps (T, 2, 3)."""
    linear = np.linalg.inv(affine[:, :, :2])
    return np.concatenate([linear, -linear @ affine[:, :, 2:]], axis=2)


def five_points(mesh: np.ndarray) -> np.ndarray:
    """Eye centres, nose tip, mouth corners, (T, 5, 2), from a mesh (T, 468, 2 or 3)."""
    right, left = mesh[:, RIGHT_EYE, :2].mean(1), mesh[:, LEFT_EYE, :2].mean(1)
    return np.stack(
        [right, left, mesh[:, NOSE_TIP, :2], mesh[:, MOUTH_CORNERS[0], :2], mesh[:, MOUTH_CORNERS[1], :2]], 1
    )


def align_mesh(mesh: np.ndarray, affine: np.ndarray, image_px: int) -> np.ndarray:
    """Mesh in source px (T, 468, 3) to stored units: int16 (T, 468, 3), image_px / MESH_UNIT; depth keeps its scale."""
    scale = np.hypot(affine[:, 0, 0], affine[:, 1, 0])[:, None, None]
    aligned = np.concatenate([apply_affine(affine, mesh[..., :2]), mesh[..., 2:] * scale], axis=2)
    return np.clip(np.round(aligned * (MESH_UNIT / image_px)), -32768, 32767).astype(np.int16)


def mouth_opening(mesh: np.ndarray) -> np.ndarray:
    """Distance of the inner lips over the distance of the eye centres, (T,), of a mesh (T, 468, 2 or 3) in any unit."""
    mesh = np.asarray(mesh, np.float32)
    points = five_points(mesh)
    eyes = np.linalg.norm(points[:, 0] - points[:, 1], axis=1)
    lips = np.linalg.norm(mesh[:, INNER_LIPS[0], :2] - mesh[:, INNER_LIPS[1], :2], axis=1)
    return lips / np.maximum(eyes, 1e-6)


def head_pose_deg(mesh: np.ndarray) -> np.ndarray:
    """Yaw, pitch, roll in degrees, (T, 3), from a mesh (T, 468, 3) whose x, y, z share one unit.

    The face's axes are its outer eye corners and the line from forehead (10) to chin (152). Yaw + = turned to the
    image's right, pitch + = looks down, roll + = clockwise in the image.
    """
    mesh = np.asarray(mesh, np.float64)
    across = _unit(mesh[:, 263] - mesh[:, 33])
    down = mesh[:, 152] - mesh[:, 10]
    down = _unit(down - (down * across).sum(1, keepdims=True) * across)
    roll = np.arctan2(across[:, 1], across[:, 0])
    yaw = np.arctan2(across[:, 2], np.hypot(across[:, 0], across[:, 1]))
    pitch = np.arctan2(down[:, 2], np.hypot(down[:, 0], down[:, 1]))
    return np.degrees(np.stack([yaw, pitch, roll], 1))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

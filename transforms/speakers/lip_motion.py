"""Motion of lips, chin and cheeks of a tracked face without the head's own motion: the sync network's face features.

Each frame's mesh is aligned with a mean face by a similarity transform in 3-D (rotation, translation, one scale),
fitted to thirteen points that speech does not move. A frame's features depend on that frame alone, not on the length
of its track.
"""

from dataclasses import dataclass

import numpy as np

FEATURE_VERSION = "1"
"""Stored in every network file: a network trained on other features is refused."""

_STILL_PAIRS = ((33, 263), (133, 362), (98, 327))  # eye corners, nose wings; the person's right and left
_STILL_MIDDLE = (1, 168, 6, 197, 195, 5, 4)  # nose
_LIP_PAIRS = (
    (61, 291),
    (146, 375),
    (91, 321),
    (181, 405),
    (84, 314),
    (185, 409),
    (40, 270),
    (39, 269),
    (37, 267),
    (78, 308),
    (95, 324),
    (88, 318),
    (178, 402),
    (87, 317),
    (191, 415),
    (80, 310),
    (81, 311),
    (82, 312),
)
_LIP_MIDDLE = (0, 17, 13, 14)
_CHEEK_PAIRS = (
    (148, 377),
    (176, 400),
    (149, 378),
    (150, 379),
    (136, 365),
    (172, 397),
    (205, 425),
    (187, 411),
    (207, 427),
)
_CHIN_MIDDLE = (152, 18, 200, 199, 175, 164)

_RIGHT, _LEFT = (tuple(pair[side] for pair in _LIP_PAIRS + _CHEEK_PAIRS) for side in (0, 1))
POINTS = np.array(_RIGHT + _LEFT + _LIP_MIDDLE + _CHIN_MIDDLE)
"""The 64 mesh points kept: 40 of the lips, 24 of chin and cheeks."""
MIRRORED = np.concatenate(
    [np.arange(len(_RIGHT), 2 * len(_RIGHT)), np.arange(len(_RIGHT)), np.arange(2 * len(_RIGHT), len(POINTS))]
)
"""Position in POINTS of each point's mirror image, whose x has the opposite sign."""
NUM_FEATURES = 3 * len(POINTS)

_STILL = np.array([pair[0] for pair in _STILL_PAIRS] + [pair[1] for pair in _STILL_PAIRS] + list(_STILL_MIDDLE))
# Generalised Procrustes mean of the still points of real faces, made symmetric; eye centres are 1 apart, y points down.
_MEAN_RIGHT = np.array([[-0.721, -0.220, 0.388], [-0.279, -0.207, 0.300], [-0.268, 0.430, 0.012]])
_MEAN_MIDDLE = np.array(
    [
        [0, 0.324, -0.353],
        [0, -0.325, 0.048],
        [0, -0.206, -0.034],
        [0, -0.103, -0.126],
        [0, -0.008, -0.227],
        [0, 0.093, -0.328],
        [0, 0.220, -0.379],
    ]
)
_MEAN_FACE = np.concatenate([_MEAN_RIGHT, _MEAN_RIGHT * [-1, 1, 1], _MEAN_MIDDLE])


def lip_motion(mesh: np.ndarray) -> np.ndarray:
    """Positions of POINTS in the coordinates of the mean face.

    mesh: (T, 468, 3), all axes in the same unit. Returns float32 (T, 192): x, y, z of each point; the unit is the mean
    face's eye distance.
    """
    mesh = np.asarray(mesh)
    if mesh.ndim != 3 or mesh.shape[1:] != (468, 3):
        raise ValueError(f"a mesh must have shape (T, 468, 3), not {mesh.shape}")
    kept = mesh[:, POINTS].astype(np.float64)
    aligned = head_frame(mesh).apply(kept)
    return aligned.reshape(len(mesh), NUM_FEATURES).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadFrame:
    """Similarity transforms from the coordinates of T meshes to those of the mean face."""

    scaled_rotation: np.ndarray  # (T, 3, 3): scale times rotation, for row vectors
    centre: np.ndarray  # (T, 1, 3), mesh coordinates
    target_centre: np.ndarray  # (3,)

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Points (T, N, 3) of the meshes in the coordinates of the mean face."""
        return np.einsum("tni,tij->tnj", points - self.centre, self.scaled_rotation) + self.target_centre

    def undo_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """Displacements (T, N, 3) in the mean face's coordinates as displacements in the meshes' own."""
        return np.einsum("tnj,tji->tni", vectors, np.linalg.inv(self.scaled_rotation))


def head_frame(mesh: np.ndarray) -> HeadFrame:
    """The frames of the heads of meshes (T, 468, 3): fitted to points that speech does not move (Umeyama 1991)."""
    still = np.asarray(mesh)[:, _STILL].astype(np.float64)
    centre, target_centre = still.mean(1, keepdims=True), _MEAN_FACE.mean(0)
    source = still - centre
    u, singular, v = np.linalg.svd(np.einsum("tmi,mj->tij", source, _MEAN_FACE - target_centre))
    # A reflection fits flat faces nearly as well: flip the weakest axis back.
    sign = np.where(np.linalg.det(u @ v) < 0, -1.0, 1.0)
    u[:, :, 2] *= sign[:, None]
    singular[:, 2] *= sign
    scale = singular.sum(1) / np.maximum((source**2).sum((1, 2)), 1e-12)
    return HeadFrame(scaled_rotation=(u @ v) * scale[:, None, None], centre=centre, target_centre=target_centre)

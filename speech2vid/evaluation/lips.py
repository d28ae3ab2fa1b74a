"""The lips of shown faces, read by the face mesh: whether they open when the true ones do, and how far."""

from dataclasses import dataclass

import numpy as np

from transforms.faces.mesh import FaceMesh, region_of_mesh
from transforms.media.canonical import mouth_opening

_MIN_DEVIATION = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class LipScores:
    """Of the opening over time, against the true one."""

    opening_correlation: float  # 0 where the shown mouth does not move
    opening_deviation_ratio: float  # shown over true


def read_meshes(mesh: FaceMesh, faces_rgb: np.ndarray, typical_mesh_px: np.ndarray, stored_px: int) -> np.ndarray:
    """Mesh of each shown face, float32 (K, 468, 3), px of the stored face.

    faces_rgb: uint8 (K, S, S, 3); typical_mesh_px: (468, 3), where the stored face has its points: all shown faces are
    aligned, so all are looked for in one region.
    """
    scale = faces_rgb.shape[1] / stored_px
    middle = np.array([0.5, 0.5, 0.0])
    region = region_of_mesh(((typical_mesh_px + middle) * scale - middle).astype(np.float32))
    found = np.stack([mesh.locate(np.ascontiguousarray(face), region)[0] for face in faces_rgb])
    return ((found + middle) / scale - middle).astype(np.float32)


def score_lips(shown_mesh: np.ndarray, true_mesh: np.ndarray) -> LipScores:
    """Scores of meshes (K, 468, 3) frame by frame."""
    shown, true = mouth_opening(shown_mesh), mouth_opening(true_mesh)
    moves = shown.std() > _MIN_DEVIATION and true.std() > _MIN_DEVIATION
    return LipScores(
        opening_correlation=float(np.corrcoef(shown, true)[0, 1]) if moves else 0.0,
        opening_deviation_ratio=float(shown.std() / max(true.std(), _MIN_DEVIATION)),
    )

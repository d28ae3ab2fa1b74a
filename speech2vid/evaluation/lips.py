"""Lip movement of faces, read by the face mesh: whether the mouth opens when the true one does, and how far."""

from dataclasses import dataclass

import numpy as np

from transforms.faces.config import FacesConfig
from transforms.faces.mesh import FaceMesh, region_of_mesh
from transforms.media.canonical import mouth_opening

_MIN_DEVIATION = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class LipScores:
    """The mouth's opening over time, against the true one."""

    opening_correlation: float  # 0 where the mouth does not move
    opening_deviation_ratio: float  # standard deviation over the true one's


def read_meshes(mesh: FaceMesh, faces_rgb: np.ndarray, typical_mesh_px: np.ndarray, stored_px: int) -> np.ndarray:
    """Mesh of each face of a video, float32 (K, 468, 3), in px of the stored face.

    faces_rgb: uint8 (K, S, S, 3). typical_mesh_px: (468, 3), typical points of the stored face. As in a build, the mesh
    looks for each face where it found the one before. A region for all faces would fit some poses better than others,
    and the same mouth would seem to open less: by up to half, measured on stills whose head is turned.
    """
    scale = faces_rgb.shape[1] / stored_px
    middle = np.array([0.5, 0.5, 0.0])
    typical = region_of_mesh(((typical_mesh_px + middle) * scale - middle).astype(np.float32))
    found: list[np.ndarray] = []
    region = region_of_mesh(mesh.locate(np.ascontiguousarray(faces_rgb[0]), typical)[0])
    for face in faces_rgb:
        points, presence = mesh.locate(np.ascontiguousarray(face), region)
        found.append(points)
        region = region_of_mesh(points) if presence >= FacesConfig().mesh_presence else typical
    return ((np.stack(found) + middle) / scale - middle).astype(np.float32)


def score_lips(mesh: np.ndarray, true_mesh: np.ndarray) -> LipScores:
    """Scores of meshes (K, 468, 3) of the same frames."""
    opening, true = mouth_opening(mesh), mouth_opening(true_mesh)
    moves = opening.std() > _MIN_DEVIATION and true.std() > _MIN_DEVIATION
    return LipScores(
        opening_correlation=float(np.corrcoef(opening, true)[0, 1]) if moves else 0.0,
        opening_deviation_ratio=float(opening.std() / max(true.std(), _MIN_DEVIATION)),
    )

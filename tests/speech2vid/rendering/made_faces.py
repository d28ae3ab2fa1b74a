"""Meshes and images of faces that are made, not recorded."""

import numpy as np

from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import LOWER_INNER_LIP, NUM_POINTS, OVAL, UPPER_INNER_LIP

CORNERS = (UPPER_INNER_LIP[0], UPPER_INNER_LIP[-1])
LOWER_LIP = LOWER_INNER_LIP[1:-1]


def made_mesh(size_px: int = 128, opening: float = 0.0) -> np.ndarray:
    """A mesh whose outline and lips are ellipses, float32 (468, 3); opening: of the mouth, of the face's height.

    All other points lie between outline and lips, in places of their own.
    """
    random = np.random.default_rng(0)
    angle, distance = random.uniform(0, 2 * np.pi, NUM_POINTS), random.uniform(0.3, 0.8, NUM_POINTS)
    mesh = np.zeros((NUM_POINTS, 3), np.float32)
    mesh[:, 0], mesh[:, 1] = distance * np.sin(angle), -distance * np.cos(angle)
    turn = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    mesh[list(OVAL), 0], mesh[list(OVAL), 1] = np.sin(turn), -np.cos(turn)
    along = np.linspace(-1, 1, len(UPPER_INNER_LIP))
    mesh[list(UPPER_INNER_LIP), 0] = mesh[list(LOWER_INNER_LIP), 0] = 0.2 * along
    mesh[list(UPPER_INNER_LIP), 1] = 0.4
    mesh[list(LOWER_INNER_LIP), 1] = 0.4 + 2 * opening * (1 - along**2)
    mesh[:, :2] = size_px * (0.5 + 0.4 * mesh[:, :2])
    return mesh


def made_still(size_px: int = 128, opening: float = 0.0) -> Still:
    """A still of smooth colours with a made mesh."""
    random = np.random.default_rng(1)
    rows, columns = np.mgrid[:size_px, :size_px] / size_px
    waves = [np.sin(random.uniform(3, 9) * rows + random.uniform(3, 9) * columns) for _ in range(3)]
    face = np.round(127 + 100 * np.stack(waves, 2)).astype(np.uint8)
    return Still(face_rgb=face, mesh_px=made_mesh(size_px, opening))

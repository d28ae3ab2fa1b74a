"""Meshes and images of faces that are made, not recorded."""

import numpy as np

from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import LOWER_INNER_LIP, NUM_POINTS, OUTER_LIPS, OVAL, TRIANGLES, UPPER_INNER_LIP


def made_mesh(size_px: int = 256, opening: float = 0.0) -> np.ndarray:
    """A flat mesh with a round outline and a mouth, float32 (468, 3); opening: of the mouth, in eighths of the face.

    Every other point lies in the middle of its neighbours.
    """
    fixed = _outline_and_lips(opening)
    matrix, wanted = np.zeros((NUM_POINTS, NUM_POINTS)), np.zeros((NUM_POINTS, 2))
    inner = TRIANGLES[(TRIANGLES < NUM_POINTS).all(1)]
    matrix[inner, np.roll(inner, 1, 1)] = matrix[np.roll(inner, 1, 1), inner] = -1
    np.fill_diagonal(matrix, -matrix.sum(1))
    for point, place in fixed.items():
        matrix[point] = np.arange(NUM_POINTS) == point
        wanted[point] = place
    mesh = np.zeros((NUM_POINTS, 3), np.float32)
    mesh[:, :2] = size_px * (0.5 + 0.45 * np.linalg.solve(matrix, wanted))
    return mesh


def _outline_and_lips(opening: float) -> dict[int, tuple[float, float]]:
    """Places of the points on outline and lips; x and y from -1 to 1."""
    turn = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    places = {point: (float(np.sin(angle)), float(-np.cos(angle))) for point, angle in zip(OVAL, turn, strict=True)}
    turn = np.linspace(-np.pi, np.pi, len(OUTER_LIPS), endpoint=False)
    for point, angle in zip(OUTER_LIPS, turn, strict=True):
        down = 0.1 + (opening / 4 if angle > 0 else 0)
        places[point] = (0.3 * float(np.cos(angle)), 0.45 + down * float(np.sin(angle)))
    for lip, down in ((UPPER_INNER_LIP, -0.004), (LOWER_INNER_LIP, 0.004 + opening / 4)):
        for point, x in zip(lip, np.linspace(-1, 1, len(lip)), strict=True):
            places[point] = (0.24 * float(x), 0.45 + down * (1 - float(x) ** 2))
    return places


def made_still(size_px: int = 256, opening: float = 0.0, seed: int = 1) -> Still:
    """A still of smooth colours with a made mesh."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size_px, :size_px] / size_px
    waves = [np.sin(random.uniform(3, 9) * rows + random.uniform(3, 9) * columns) for _ in range(3)]
    face = np.round(127 + 100 * np.stack(waves, 2)).astype(np.uint8)
    return Still(face_rgb=face, mesh_px=made_mesh(size_px, opening))

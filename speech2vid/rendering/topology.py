"""Fixed triangles over the face mesh: the face, the eyes, the inside of the mouth, and a ring around the face.

The face's triangles are those of MediaPipe's face mesh (Apache-2.0). The inside of the mouth is a strip of its own
between the upper and the lower inner lips. The ring lies beyond the face's oval and does not move.
"""

import csv
import importlib.resources
from collections.abc import Sequence

import numpy as np

NUM_POINTS = 468
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The face's outline, clockwise in the image from the forehead on."""
UPPER_INNER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
INNER_LIPS = UPPER_INNER_LIP + LOWER_INNER_LIP[-2:0:-1]
"""The edge of the mouth's inside, as one closed line."""
OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
"""The lips' outer edge, as one closed line."""
_EYES = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
)
_RING_FROM_CENTRE = 1.6  # of the outline's distance from the face's centre


def _face() -> list[tuple[int, int, int]]:
    with importlib.resources.files(__package__).joinpath("data/face_triangles.csv").open() as lines:
        return [(int(a), int(b), int(c)) for a, b, c in list(csv.reader(lines))[1:]]


def _strip(upper: Sequence[int], lower: Sequence[int]) -> list[tuple[int, int, int]]:
    """Triangles between two lines with common ends."""
    steps = zip(upper[:-1], upper[1:], lower[:-1], lower[1:], strict=True)
    pairs = [triangle for a, b, c, d in steps for triangle in ((a, b, c), (b, d, c))]
    return [triangle for triangle in pairs if len(set(triangle)) == len(triangle)]


def _ring() -> list[tuple[int, int, int]]:
    """Triangles between the outline and the ring, whose points follow those of the mesh."""
    outer = range(NUM_POINTS, NUM_POINTS + len(OVAL))
    corners = zip(OVAL, (*OVAL[1:], OVAL[0]), outer, (*outer[1:], outer[0]), strict=True)
    return [triangle for a, b, c, d in corners for triangle in ((c, b, a), (c, d, b))]


_MOUTH = _strip(UPPER_INNER_LIP, LOWER_INNER_LIP)
_PARTS = (_ring(), _MOUTH, [triangle for eye in _EYES for triangle in _strip(*eye)], _face())
TRIANGLES = np.array([triangle for part in _PARTS for triangle in part], np.int64)
"""Points of each triangle, int64 (N, 3): 0 to 467 are the mesh's, the ring's follow."""
INSIDE_MOUTH = np.isin(np.arange(len(TRIANGLES)), np.arange(len(_PARTS[0]), len(_PARTS[0]) + len(_MOUTH)))
"""Which triangles are the inside of the mouth: bool (N,)."""
IN_RING = np.arange(len(TRIANGLES)) < len(_PARTS[0])
"""Which triangles lie beyond the face's outline: bool (N,)."""


def ring_of(mesh_px: np.ndarray) -> np.ndarray:
    """The ring around a face: float32 (36, 3), px. mesh_px: (468, 3)."""
    outline = np.asarray(mesh_px, np.float32)[list(OVAL)]
    centre = outline.mean(0)
    return centre + _RING_FROM_CENTRE * (outline - centre)

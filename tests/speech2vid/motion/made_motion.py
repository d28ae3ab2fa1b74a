"""A mouth space without training: the first shape opens the mouth, the second widens it."""

import numpy as np

from speech2vid.motion.mouth_space import MouthSpace
from transforms.speakers.lip_motion import NUM_FEATURES, POINTS, lip_motion

LOWER = (14, 87, 317, 178, 402, 88, 318)
CORNERS = (61, 291)


def made_head() -> np.ndarray:
    """A mesh whose points lie on half a ball, float64 (1, 468, 3), with a mouth that is a little open."""
    random = np.random.default_rng(3)
    mesh = np.concatenate([random.uniform(-90, 90, (468, 2)), np.zeros((468, 1))], 1)
    still = {33: (-50, -30), 263: (50, -30), 133: (-20, -30), 362: (20, -30), 98: (-20, 20), 327: (20, 20), 1: (0, 12)}
    still |= {168: (0, -32), 6: (0, -24), 197: (0, -16), 195: (0, -8), 5: (0, 0), 4: (0, 6)}
    for x, pairs in zip((0, -8, 8, -16, 16, -22, 22), PAIRS, strict=True):
        still |= {pairs[0]: (x, 47), pairs[1]: (x, 50)}
    for point, place in (still | {61: (-30, 48), 291: (30, 48)}).items():
        mesh[point, :2] = place
    mesh[:, 2] = -np.sqrt(np.maximum(130**2 - (mesh[:, :2] ** 2).sum(1), 0)) / 2
    return (mesh + np.array([128, 128, 0]))[None]


PAIRS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318))


def made_space() -> MouthSpace:
    """A space in which one unit of a shape moves its points by one eye distance."""
    displacements = np.zeros((2, 468, 3))
    displacements[0, list(LOWER), 1] = 1
    displacements[1, CORNERS[0], 0], displacements[1, CORNERS[1], 0] = -1, 1
    kept = displacements[:, POINTS].reshape(2, NUM_FEATURES)
    norms = np.linalg.norm(kept, axis=1)
    return MouthSpace(
        mean=lip_motion(made_head())[0].astype(np.float64),
        components=kept / norms[:, None],
        displacements=displacements / norms[:, None, None],
        within=np.array([0.02, 0.01]),
        between=np.array([0.01, 0.01]),
    )

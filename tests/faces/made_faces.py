"""Made faces: meshes with eyes, nose and lips at known places; a detector and a mesh that find what a test says."""

import cv2
import numpy as np

from transforms.faces.detectors.detections import Detections
from transforms.media.canonical import INNER_LIPS, LEFT_EYE, MOUTH_CORNERS, NOSE_TIP, RIGHT_EYE

_KEY_POINTS = {
    **dict.fromkeys(RIGHT_EYE, (-30, -30, 0)),
    **dict.fromkeys(LEFT_EYE, (30, -30, 0)),
    NOSE_TIP: (0, 0, -20),
    MOUTH_CORNERS[0]: (-20, 30, 0),
    MOUTH_CORNERS[1]: (20, 30, 0),
    INNER_LIPS[0]: (0, 28, 0),
    INNER_LIPS[1]: (0, 34, 0),
    10: (0, -60, 0),
    152: (0, 60, 0),
}


def made_mesh(centre=(100.0, 100.0), scale=1.0):
    """A frontal face, float32 (468, 3), 120 px high at scale 1; its outer eye corners are 80 px apart."""
    mesh = np.random.default_rng(0).uniform(-40, 40, (468, 3))
    for point, place in _KEY_POINTS.items():
        mesh[point] = place
    for corner, move in ((33, -10), (133, 10), (263, 10), (362, -10)):
        mesh[corner, 0] += move
    return (mesh * scale + [*centre, 0]).astype(np.float32)


def grey_image(level=128):
    """An RGB image without a face in it: the made detector and mesh do not need one."""
    return np.full((200, 400, 3), level, np.uint8)


class MadeFaces:
    """Detector and mesh in one: finds faces at `centres`, unless it is blind."""

    name, sha256 = "made", "0" * 64

    def __init__(self, *centres):
        self.centres, self.is_blind, self.has_mesh = list(centres), False, True
        self.scales = {}  # by the centre's x; 1 for the others

    def detect(self, rgb):
        """Boxes of all faces."""
        centres = [] if self.is_blind else self.centres
        meshes = [made_mesh(centre, self.scales.get(centre[0], 1.0)) for centre in centres]
        return Detections(
            boxes_xyxy=np.array([[*mesh[:, :2].min(0), *mesh[:, :2].max(0)] for mesh in meshes], np.float32).reshape(
                -1, 4
            ),
            scores=np.full(len(meshes), 0.9, np.float32),
            landmarks=np.array(
                [[(x - 30, y - 30), (x + 30, y - 30), (x, y), (x - 20, y + 30), (x + 20, y + 30)] for x, y in centres],
                np.float32,
            ).reshape(-1, 5, 2),
        )

    def locate(self, rgb, region):
        """Mesh of the face nearest to the region."""
        near = min(self.centres, key=lambda centre: abs(centre[0] - region.centre_x))
        return made_mesh(near, self.scales.get(near[0], 1.0)), -5.0 if self.is_blind or not self.has_mesh else 5.0


def view(seed, height=90, width=160):
    """An RGB image full of soft blobs: another view for each seed."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height // 10, width // 10, 3)).astype(np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)

"""Sharpness of the mouth, and jitter and flicker of what speech does not move."""

import cv2
import numpy as np

from transforms.media.canonical import LEFT_EYE, NOSE_TIP, RIGHT_EYE, five_points, mouth_window

STILL_POINTS = (*RIGHT_EYE, *LEFT_EYE, NOSE_TIP, 168, 6, 197, 195, 10, 151, 9, 67, 297)
"""Mesh points that speech does not move: eye corners, tip and bridge of the nose, forehead."""
SKIN_ROWS, SKIN_COLUMNS = slice(8, 52), slice(26, 86)
"""Brows to nose tip of the canonical face at 112 px: skin that ends above the mouth window."""
_MIN = 1e-6


def sharpness_ratio(faces_rgb: np.ndarray, true_rgb: np.ndarray) -> float:
    """Sharpness of the mouth window over the true faces': 1 is as sharp.

    Variance of the Laplacian (Pech-Pacheco et al. 2000) of grey levels, mean over frames. Both RGB uint8 (N, S, S, 3),
    the same frames at the same size: enlarged faces have no more detail than before.
    """
    return _laplacian_variance(faces_rgb) / max(_laplacian_variance(true_rgb), _MIN)


def _laplacian_variance(faces_rgb: np.ndarray) -> float:
    rows, columns = mouth_window(faces_rgb.shape[1])
    mouths = (cv2.cvtColor(np.ascontiguousarray(face[rows, columns]), cv2.COLOR_RGB2GRAY) for face in faces_rgb)
    return float(np.mean([cv2.Laplacian(mouth, cv2.CV_32F).var() for mouth in mouths]))


def jitter(mesh: np.ndarray) -> float:
    """Acceleration, from frame to frame, of eye corners, nose and forehead: root mean square, in eye distances.

    mesh: (K, 468, 3), one face in K frames, x and y in one unit. Of smooth head motion little is left.
    """
    eyes = five_points(mesh)[:, :2]
    distance = np.linalg.norm(eyes[:, 0] - eyes[:, 1], axis=1).mean()
    return _shake(mesh[:, STILL_POINTS, :2] / max(float(distance), _MIN))


def flicker(faces_rgb: np.ndarray) -> float:
    """Acceleration, from frame to frame, of the pixels between brows and nose tip: root mean square, grey levels.

    faces_rgb: uint8 (K, 112, 112, 3). Noise and moving heads flicker too: compare with real video.
    """
    return _shake(faces_rgb[:, SKIN_ROWS, SKIN_COLUMNS].astype(np.float32))


def _shake(values: np.ndarray) -> float:
    """Root mean square of the second differences over time of values (K, ...); 0 for fewer than three frames."""
    if len(values) <= 2:
        return 0.0
    return float(np.sqrt((np.diff(values, n=2, axis=0) ** 2).mean()))

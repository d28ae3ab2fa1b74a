"""Faces at one size, so that generators of different sizes are measured alike."""

import cv2
import numpy as np

CANONICAL_PX = 112
"""Side at which pixels are compared, whatever the size of the dataset's faces and of the generator's."""


def resized_faces(faces_rgb: np.ndarray, side_px: int) -> np.ndarray:
    """Resize faces (N, S, S, 3): by area where they shrink, by cubic interpolation where they grow."""
    if faces_rgb.shape[1] == side_px:
        return faces_rgb
    way = cv2.INTER_AREA if faces_rgb.shape[1] > side_px else cv2.INTER_CUBIC
    return np.stack([cv2.resize(face, (side_px, side_px), interpolation=way) for face in faces_rgb])

"""Regions of an aligned face, from meshes."""

import cv2
import numpy as np

_LOWER_FACE = (
    *(361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132),  # jaw
    *(205, 98, 2, 327, 425),  # cheeks, and below the nose
)


def lower_face(meshes_px: np.ndarray, side_px: int) -> np.ndarray:
    """Where the lower face of any of some meshes (K, 468, 3) lies: float32 (side_px, side_px), 0 or 1."""
    mask = np.zeros((side_px, side_px), np.uint8)
    for mesh in meshes_px:
        outline = cv2.convexHull(np.round(mesh[list(_LOWER_FACE), :2] * 16).astype(np.int32))
        cv2.fillConvexPoly(mask, outline, 1, cv2.LINE_8, 4)
    return mask.astype(np.float32)

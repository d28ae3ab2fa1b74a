"""How a rendered face is joined to the frame's own: its edge must not be seen, and nothing may bleed or flicker."""

import cv2
import numpy as np

from speech2vid.rendering.regions import lower_face

BLENDS = ("poisson", "context")
_REACH = 0.05  # of the distance of the eyes: how far the region goes beyond the lower face
_FEATHER = 0.10  # likewise: width of its soft edge, inwards
_EDGE_PX = 2  # at the image's edge, which stay as they are


def dub_region(meshes_px: np.ndarray, shape: tuple[int, int], eyes_px: float) -> np.ndarray:
    """How much of a rendered image (H, W) is seen, float32 0..1: the lower faces of all meshes, with a soft edge.

    meshes_px: (K, 468, 3), the frame's own and the target. eyes_px: distance of the eyes.
    """
    region = lower_face(meshes_px, max(shape))[: shape[0], : shape[1]].astype(np.uint8)
    region = cv2.dilate(region, _disc(max(1, round(eyes_px * _REACH))))
    region[:_EDGE_PX], region[-_EDGE_PX:], region[:, :_EDGE_PX], region[:, -_EDGE_PX:] = 0, 0, 0, 0
    inwards = cv2.distanceTransform(region, cv2.DIST_L2, 3)
    return np.clip(inwards / max(1.0, eyes_px * _FEATHER), 0, 1).astype(np.float32)


def poisson(image_rgb: np.ndarray, rendered_rgb: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The rendered region with the image's colours at its edge (Perez, Gangnet, Blake 2003): uint8 (H, W, 3)."""
    mask = (region > 0).astype(np.uint8) * 255
    x, y, width, height = cv2.boundingRect(mask)
    if width < 3 or height < 3:
        return rendered_rgb
    centre = (x + width // 2, y + height // 2)
    return cv2.seamlessClone(rendered_rgb, image_rgb, mask, centre, cv2.NORMAL_CLONE)


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))

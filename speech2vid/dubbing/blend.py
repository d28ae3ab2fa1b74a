"""How a rendered face is joined to the frame's own: its edge must not be seen, and nothing may bleed or flicker."""

import cv2
import numpy as np

from speech2vid.rendering.face_renderer import Rendered

BLENDS = ("poisson", "context")
_CHANGED = 0.02  # of `changed`: from there on a pixel belongs to the region
_FEATHER = 0.02  # of the face's side: width of the region's soft edge
_EDGE_PX = 2  # at the image's edge, which stay as they are


def region_of(changed: np.ndarray, face_px: int) -> np.ndarray:
    """How much of the rendered face is seen, float32 (S, S), 0..1: all of what changed, with a soft edge around it."""
    width = max(2, round(face_px * _FEATHER))
    region = (changed > _CHANGED).astype(np.uint8)
    region[:_EDGE_PX], region[-_EDGE_PX:], region[:, :_EDGE_PX], region[:, -_EDGE_PX:] = 0, 0, 0, 0
    region = cv2.morphologyEx(region, cv2.MORPH_CLOSE, _disc(width))
    return np.clip(cv2.distanceTransform(region, cv2.DIST_L2, 3) / width, 0, 1).astype(np.float32)


def poisson(base_rgb: np.ndarray, rendered: Rendered, region: np.ndarray) -> np.ndarray:
    """The rendered face with the base's colours at the region's edge (Perez, Gangnet, Blake 2003), uint8 (S, S, 3)."""
    mask = (region > 0).astype(np.uint8) * 255
    x, y, width, height = cv2.boundingRect(mask)
    if width < 3 or height < 3:
        return rendered.face_rgb
    centre = (x + width // 2, y + height // 2)
    return cv2.seamlessClone(rendered.face_rgb, base_rgb, mask, centre, cv2.NORMAL_CLONE)


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))

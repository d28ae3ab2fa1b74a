"""One still from several of the same person: the detail of one, and the smooth part that all of them agree on.

Several stills warped to one pose and averaged are nearest to any real frame, but blurred. So only what is smoother than
a few pixels is averaged, in the lower face; everything finer comes from the still with the most usual pose.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from speech2vid.rendering.regions import lower_face
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import ring_of
from speech2vid.rendering.warp import TargetRaster

_SMOOTH_SHARE = 0.01  # standard deviation over the face's side: what is finer comes from one still
_FEATHER_SHARE = 0.03  # of the face's side, at the lower face's edge


def central_still(stills: Sequence[Still]) -> int:
    """The still whose mesh is nearest to the mean of all."""
    meshes = np.stack([still.mesh_px[:, :2] for still in stills])
    return int(((meshes - meshes.mean(0)) ** 2).sum((1, 2)).argmin())


def combine_stills(stills: Sequence[Still]) -> Still:
    """The central still, with the smooth part of its lower face from all stills."""
    base = stills[central_still(stills)]
    change = smooth_change(base, [still for still in stills if still is not base])
    face = np.clip(np.round(base.face_rgb + change), 0, 255).astype(np.uint8)
    return Still(face_rgb=face, mesh_px=base.mesh_px)


def smooth_change(base: Still, others: Sequence[Still]) -> np.ndarray:
    """What the mean of all stills adds to the base: float32 (S, S, 3), smooth, 0 outside the lower face."""
    side = len(base.face_rgb)
    raster = TargetRaster(base.mesh_px, ring_of(base.mesh_px), (slice(0, side), slice(0, side)))
    total = np.zeros((side, side, 3), np.float32)
    for still in others:
        warped = raster.warp(still.face_rgb, still.mesh_px)
        total += warped.visible[..., None] * (warped.image.astype(np.float32) - base.face_rgb)
    where = lower_face(base.mesh_px[None], side) * ~raster.inside_mouth
    where = cv2.GaussianBlur(where.astype(np.float32), (0, 0), _FEATHER_SHARE * side) * where
    mean = total / (len(others) + 1)
    return cv2.GaussianBlur(mean, (0, 0), _SMOOTH_SHARE * side) * where[..., None]

"""One still from several of the same person: nearer to any frame of the person than one of them, and nearly as sharp.

The mean of several stills is nearest to any real frame, but blurred, mostly because heads turn. So the lower face is
the mean of all stills warped to the most usual one, with most of its own detail; and what is smoother than a few
pixels, everywhere, is from the plain mean.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from speech2vid.rendering.regions import lower_face
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import ring_of
from speech2vid.rendering.warp import TargetRaster

_DETAIL_SHARE, _SMOOTH_SHARE = 0.01, 0.02
"""Standard deviations over the face's side: detail is finer than the first, the plain mean's part smoother than the
second."""
_OWN_DETAIL = 0.9  # of the base, in the lower face
_FEATHER_SHARE = 0.03  # of the face's side, at the lower face's edge


def central_still(stills: Sequence[Still]) -> int:
    """The still whose mesh is nearest to the mean of all."""
    meshes = np.stack([still.mesh_px[:, :2] for still in stills])
    return int(((meshes - meshes.mean(0)) ** 2).sum((1, 2)).argmin())


def combine_stills(stills: Sequence[Still]) -> Still:
    """The central still, nearer to the mean of all; its mesh stays."""
    base = stills[central_still(stills)]
    others = [still for still in stills if still is not base]
    side = len(base.face_rgb)
    face = base.face_rgb + _registered_change(base, others)
    mean = np.mean([still.face_rgb.astype(np.float32) for still in stills], 0)
    face += cv2.GaussianBlur(mean - face, (0, 0), _SMOOTH_SHARE * side)
    return Still(face_rgb=np.clip(np.round(face), 0, 255).astype(np.uint8), mesh_px=base.mesh_px)


def _registered_change(base: Still, others: Sequence[Still]) -> np.ndarray:
    """What the mean of all stills, warped to the base, adds to it: float32 (S, S, 3), 0 outside the lower face."""
    side = len(base.face_rgb)
    raster = TargetRaster(base.mesh_px, ring_of(base.mesh_px), (slice(0, side), slice(0, side)))
    total = np.zeros((side, side, 3), np.float32)
    for still in others:
        warped = raster.warp(still.face_rgb, still.mesh_px)
        total += (warped.visible * warped.within)[..., None] * (warped.image.astype(np.float32) - base.face_rgb)
    mean = total / (len(others) + 1)
    smooth = cv2.GaussianBlur(mean, (0, 0), _DETAIL_SHARE * side)
    where = cv2.GaussianBlur(lower_face(base.mesh_px[None], side), (0, 0), _FEATHER_SHARE * side)
    return (smooth + (1 - _OWN_DETAIL) * (mean - smooth)) * where[..., None]

"""One still from several of the same person: nearer to any frame of the person than one of them, and nearly as sharp.

The mean of several stills is nearest to any real frame, but blurred, mostly because heads turn. So in the lower face,
detail is that of the most usual still; what is smoother is the mean of all stills warped to it; and what is smoother
still is the plain mean, which averages over the poses as well.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from speech2vid.rendering.regions import lower_face
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import ring_of
from speech2vid.rendering.warp import TargetRaster

_DETAIL_PX, _SMOOTH_PX = 2.5, 3.0
"""Standard deviations, of the stills' own pixels up to a side of 256: detail is finer than the first, the plain mean's
part smoother than the second."""
_USUAL_SIDE_PX = 256
_FEATHER_SHARE = 0.03  # of the face's side, at the lower face's edge


def central_still(stills: Sequence[Still]) -> int:
    """The still whose mesh is nearest to the mean of all."""
    meshes = np.stack([still.mesh_px[:, :2] for still in stills])
    return int(((meshes - meshes.mean(0)) ** 2).sum((1, 2)).argmin())


def combine_stills(stills: Sequence[Still]) -> Still:
    """The central still, with a lower face that is nearer to the mean of all; its mesh stays."""
    base = stills[central_still(stills)]
    side = len(base.face_rgb)
    scale = max(1, side / _USUAL_SIDE_PX)
    registered = base.face_rgb + _smooth(_warped_change(base, stills), _DETAIL_PX * scale)
    mean = np.mean([still.face_rgb.astype(np.float32) for still in stills], 0)
    wanted = registered + _smooth(mean - registered, _SMOOTH_PX * scale)
    where = _smooth(lower_face(base.mesh_px[None], side), _FEATHER_SHARE * side)[..., None]
    face = base.face_rgb + where * (wanted - base.face_rgb)
    return Still(face_rgb=np.clip(np.round(face), 0, 255).astype(np.uint8), mesh_px=base.mesh_px)


def _warped_change(base: Still, stills: Sequence[Still]) -> np.ndarray:
    """What the mean of all stills, warped to the base, adds to it: float32 (S, S, 3)."""
    side = len(base.face_rgb)
    raster = TargetRaster(base.mesh_px, ring_of(base.mesh_px), (slice(0, side), slice(0, side)))
    total = np.zeros((side, side, 3), np.float32)
    for still in stills:
        if still is not base:
            warped = raster.warp(still.face_rgb, still.mesh_px)
            total += (warped.visible * warped.within)[..., None] * (warped.image.astype(np.float32) - base.face_rgb)
    return total / len(stills)


def _smooth(image: np.ndarray, deviation_px: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), deviation_px)

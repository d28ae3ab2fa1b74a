"""One still from several of the same person: nearer to any frame of the person than one of them, and nearly as sharp.

The mean of several stills is nearest to any real frame, but blurred, mostly because heads turn. So detail is that of
the most usual still, warped to the mean of all meshes; what is smoother is the mean of all stills warped alike; and
what is smoother still is the plain mean, which averages over the poses as well. Away from the mouth only its light and
colours are taken: the outlines of cheeks, hair and background would show as many times as there are stills.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from speech2vid.rendering.regions import lower_face
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import ring_of
from speech2vid.rendering.warp import TargetRaster

_DETAIL_PX, _SMOOTH_PX, _LIGHT_PX = 2.0, 2.5, 8.0
"""Standard deviations, of the stills' own pixels up to a side of 256: detail is finer than the first; smoother than the
second is the plain mean's part around the mouth, smoother than the third that part elsewhere."""
_USUAL_SIDE_PX = 256
_FEATHER_SHARE = 0.05  # of the face's side, at the edge of the lower face


def central_still(stills: Sequence[Still]) -> int:
    """The still whose mesh is nearest to the mean of all."""
    meshes = np.stack([still.mesh_px[:, :2] for still in stills])
    return int(((meshes - meshes.mean(0)) ** 2).sum((1, 2)).argmin())


def combine_stills(stills: Sequence[Still]) -> Still:
    """The central still in the mean pose, nearer to the mean of all."""
    side = len(stills[0].face_rgb)
    scale = max(1, side / _USUAL_SIDE_PX)
    mesh_px: np.ndarray = np.stack([still.mesh_px for still in stills]).mean(0, dtype=np.float32)
    base, change = _warped(stills, mesh_px)
    registered = base + _smooth(change, _DETAIL_PX * scale)
    mean = np.mean([still.face_rgb for still in stills], 0, dtype=np.float32)
    near, far = (_smooth(mean - registered, deviation * scale) for deviation in (_SMOOTH_PX, _LIGHT_PX))
    around_mouth = _smooth(lower_face(mesh_px[None], side), _FEATHER_SHARE * side)[..., None]
    face = registered + far + around_mouth * (near - far)
    return Still(face_rgb=np.clip(np.round(face), 0, 255).astype(np.uint8), mesh_px=mesh_px)


def _warped(stills: Sequence[Still], mesh_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The central still warped to a mesh, and what the mean of all, warped alike, adds to it: float32 (S, S, 3)."""
    central, side = stills[central_still(stills)], len(stills[0].face_rgb)
    ring = ring_of(central.mesh_px)  # of the central still stays, so that nothing tears beyond the face
    raster = TargetRaster(mesh_px, ring, (slice(0, side), slice(0, side)))
    base = raster.warp(central.face_rgb, central.mesh_px, ring).image.astype(np.float32)
    total = np.zeros_like(base)
    for still in stills:
        if still is not central:
            warped = raster.warp(still.face_rgb, still.mesh_px)
            total += (warped.visible * warped.within)[..., None] * (warped.image.astype(np.float32) - base)
    return base, total / len(stills)


def _smooth(image: np.ndarray, deviation_px: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), deviation_px)

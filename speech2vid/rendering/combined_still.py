"""One still from several of the same person: nearer to any frame of the person than one of them, and nearly as sharp.

The mean of several stills is nearest to any real frame, but blurred, mostly because heads turn. So around the mouth,
detail is that of the most usual still, warped to the mean of all meshes; what is smoother is the mean of all stills
warped alike; and what is smoother still is the plain mean, which averages over the poses as well and has that mesh.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from speech2vid.rendering.regions import lower_face
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import INNER_LIPS, ring_of
from speech2vid.rendering.warp import TargetRaster

_DETAIL_PX, _SMOOTH_PX = 2.5, 3.0
"""Standard deviations, of the stills' own pixels up to a side of 256: detail is finer than the first, the plain mean's
part smoother than the second."""
_USUAL_SIDE_PX = 256
_REACH = 1.4  # of the lower face, from the mouth: where a head turns, the background beside the jaw changes as well
_FEATHER_SHARE = 0.05  # of the face's side, at the edge of that


def central_still(stills: Sequence[Still]) -> int:
    """The still whose mesh is nearest to the mean of all."""
    meshes = np.stack([still.mesh_px[:, :2] for still in stills])
    return int(((meshes - meshes.mean(0)) ** 2).sum((1, 2)).argmin())


def combine_stills(stills: Sequence[Still]) -> Still:
    """The central still in the mean pose, with a lower face that is nearer to the mean of all."""
    side = len(stills[0].face_rgb)
    scale = max(1, side / _USUAL_SIDE_PX)
    mesh_px: np.ndarray = np.stack([still.mesh_px for still in stills]).mean(0, dtype=np.float32)
    base, change = _warped(stills, mesh_px)
    registered = base + _smooth(change, _DETAIL_PX * scale)
    mean = np.mean([still.face_rgb for still in stills], 0, dtype=np.float32)
    wanted = registered + _smooth(mean - registered, _SMOOTH_PX * scale)
    face = base + _around_mouth(mesh_px, side) * (wanted - base)
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


def _around_mouth(mesh_px: np.ndarray, side: int) -> np.ndarray:
    """The lower face and a little beyond, float32 (S, S, 1), 0..1, soft at its edge."""
    middle = mesh_px[list(INNER_LIPS), :2].mean(0)
    grown = middle + _REACH * (mesh_px[:, :2] - middle)
    return _smooth(lower_face(grown[None], side), _FEATHER_SHARE * side)[..., None]


def _smooth(image: np.ndarray, deviation_px: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), deviation_px)

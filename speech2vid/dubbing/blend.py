"""How a face is joined to the frame that it is rendered in: no seam may be seen, nothing may bleed or flicker.

The frame's own face is warped, by a warp that ends in the frame as it is: there is no edge. The lips and what is
between them come from elsewhere. `poisson`: from other frames of the person with much the same mouth, warped alike, and
joined by their gradients (Perez, Gangnet, Blake 2003), within the skin around the lips: an edge along the jaw would let
collar and background bleed into the face. `context`: from a network that paints the lower face to fit the frame.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import OUTER_LIPS, ring_of
from speech2vid.rendering.warp import TargetRaster
from transforms.media.canonical import LEFT_EYE, RIGHT_EYE, head_pose_deg
from transforms.speakers.lip_motion import lip_motion

BLENDS = ("poisson", "context")
_REACH = 0.12  # of the distance of the eyes: how far the cloned mouth goes beyond the lips
_SHARPNESS = 0.003  # of the same: a mouth that much less alike gives a third as much; several together are blurred
_PER_DEG = 0.0005  # of the same, for each degree of another pose
_MIN_SHARE = 0.1  # smaller ones cost time for nothing
_EDGE_PX = 8  # over which the effect ends at the edges of the part that was cut out


def share_of(changed: np.ndarray) -> np.ndarray:
    """How much of a rendered part (H, W) is pasted into its frame, float32 0..1: nothing at its edges."""
    height, width = changed.shape
    rows, columns = (np.minimum(np.arange(size), np.arange(size)[::-1]) / _EDGE_PX for size in (height, width))
    return (changed * np.clip(np.minimum(rows[:, None], columns), 0, 1)).astype(np.float32)


def clone_mouth(image_rgb: np.ndarray, target_px: np.ndarray, own_px: np.ndarray, lenders: Sequence[Still]) -> None:
    """Clone the lips of lenders into an image uint8 (H, W, 3) that shows the target mesh (468, 3), in place.

    own_px: the mesh that the image had before it was warped, px of the image: a mouth that it had already is kept.
    """
    mask = _lips(target_px, image_rgb.shape)
    x, y, width, height = cv2.boundingRect(mask)
    if width < 3 or height < 3:
        return
    box = (slice(y, y + height), slice(x, x + width))
    shares = _shares(target_px, own_px, lenders)
    patch = shares[0] * image_rgb[box].astype(np.float32)
    raster = TargetRaster(target_px, ring_of(target_px), box)
    for share, lender in zip(shares[1:], lenders, strict=True):
        if share > 0:
            patch += np.float32(share) * raster.warp(lender.face_rgb, lender.mesh_px).image
    image_rgb[:] = cv2.seamlessClone(
        np.clip(np.round(patch), 0, 255).astype(np.uint8),
        image_rgb,
        mask[box],
        (x + width // 2, y + height // 2),
        cv2.NORMAL_CLONE,
    )


def _shares(target_px: np.ndarray, own_px: np.ndarray, lenders: Sequence[Still]) -> np.ndarray:
    """How much the image and each lender give, float (1 + L,), together 1: those whose mouth and pose are alike."""
    meshes = np.stack([target_px, own_px, *(lender.mesh_px for lender in lenders)])
    shapes, poses = lip_motion(meshes), head_pose_deg(meshes)
    distance = np.sqrt(((shapes[1:] - shapes[0]) ** 2).mean(1))
    distance += _PER_DEG * np.abs(poses[1:, :2] - poses[0, :2]).max(1)
    shares = np.exp((distance.min() - distance) / _SHARPNESS)
    shares[shares < _MIN_SHARE] = 0
    return shares / shares.sum()


def _lips(mesh_px: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The lips and the skin around them, uint8 (H, W), 0 or 255; nothing at the image's edges."""
    eyes = mesh_px[list(RIGHT_EYE), :2].mean(0) - mesh_px[list(LEFT_EYE), :2].mean(0)
    reach = 2 * max(1, round(float(np.linalg.norm(eyes)) * _REACH))
    lips = cv2.convexHull(np.round(mesh_px[list(OUTER_LIPS), :2]).astype(np.int32))
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, lips, 255)
    cv2.polylines(mask, [lips], isClosed=True, color=255, thickness=reach)
    mask[:2], mask[-2:], mask[:, :2], mask[:, -2:] = 0, 0, 0, 0
    return mask

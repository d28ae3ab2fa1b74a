"""What the painter sees of one frame: the base and a lender of the mouth's inside, both warped to the target mesh.

The painter works on the lower part of an aligned face at 256 px, whatever the size of the stills. P = 160 px: the side
of that part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import OUTER_LIPS, ring_of
from speech2vid.rendering.warp import TargetRaster, Warped
from transforms.speakers.lip_motion import lip_motion

VIEW_PX = 256
PART = (slice(96, 256), slice(48, 208))
"""Rows and columns of the painted part of the aligned face at 256 px."""
PART_PX = 160
NUM_PLANES = 11
_SHARPNESS = 0.02  # eye distances: how much more like the target's a mouth must be to be taken in place of another
_MAX_LENDERS = 3
_MIN_SHARE = 0.05  # of a lender; smaller ones cost time for nothing
_LIGHT_PX = 14.0  # standard deviation over which the lender's colours follow the base's
_SHRINK = 4
_REACH_PX, _FEATHER_PX = 5, 3.0  # the painter may change so much beyond what must be painted
_BORDER_PX = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PainterInput:
    """One frame's input."""

    planes: np.ndarray  # float32 (11, P, P): base 3, lender 3, all 0..1; base and lender visible; inside; lips; gate
    base_rgb: np.ndarray  # uint8 (P, P, 3)
    gate: np.ndarray  # float32 (P, P), 0..1: where the painter may change the base


def painter_input(
    base: Still, lenders: Sequence[Still], target_px: np.ndarray, repaint: np.ndarray | None = None
) -> PainterInput:
    """Warp base and lenders to the target.

    target_px: mesh (468, 3), px of the aligned face at VIEW_PX. repaint: float32 (P, P), 0..1, what of the base the
    painter must not see and has to paint anew.
    """
    ring = view_px(ring_of(base.mesh_px), base)
    raster = TargetRaster(target_px, ring, PART)
    ours = raster.warp(base.face_rgb, base.mesh_px, ring_of(base.mesh_px))
    seen = ours.visible if repaint is None else ours.visible * (1 - repaint)
    lent, lent_visible = _lent(raster, base, lenders, target_px, ours)
    inside, lips = raster.inside_mouth.astype(np.float32), _filled(target_px, OUTER_LIPS)
    lent = _in_light_of(ours.image, lent, seen * lent_visible * (1 - lips))
    gate = _gate(np.maximum(lips, 1 - seen))
    kept = ours.image * (np.float32(1 / 255) * (1 if repaint is None else (1 - repaint)[..., None]))
    planes = [*kept.transpose(2, 0, 1), *lent.transpose(2, 0, 1), seen, lent_visible, inside, lips, gate]
    return PainterInput(planes=np.stack(planes).astype(np.float32), base_rgb=ours.image, gate=gate)


def view_px(points: np.ndarray, still: Still) -> np.ndarray:
    """Points (N, 3) of a still in px of the aligned face at VIEW_PX."""
    scale = np.float32(VIEW_PX / len(still.face_rgb))
    middle = np.array([0.5, 0.5, 0], np.float32)
    return (points + middle) * scale - middle


def lender_shares(target_px: np.ndarray, lenders: Sequence[Still]) -> np.ndarray:
    """How much each lender gives, float (L,), by the likeness of its mouth's shape; together 1."""
    shapes = lip_motion(np.stack([target_px, *(lender.mesh_px for lender in lenders)]))
    distance = np.sqrt(((shapes[1:] - shapes[0]) ** 2).mean(1))
    shares = np.exp((distance.min() - distance) / _SHARPNESS)
    shares[np.argsort(-shares)[_MAX_LENDERS:]] = 0
    shares /= shares.sum()
    shares[shares < _MIN_SHARE] = 0
    return shares / shares.sum()


def _lent(
    raster: TargetRaster, base: Still, lenders: Sequence[Still], target_px: np.ndarray, ours: Warped
) -> tuple[np.ndarray, np.ndarray]:
    """The lenders together: float32 (P, P, 3), 0..255, and what they show, (P, P)."""
    image, visible = np.zeros((PART_PX, PART_PX, 3), np.float32), np.zeros((PART_PX, PART_PX), np.float32)
    for share, lender in zip(lender_shares(target_px, lenders).astype(np.float32), lenders, strict=True):
        if share > 0:
            warped = ours if lender is base else raster.warp(lender.face_rgb, lender.mesh_px)
            image += share * warped.image
            visible += share * warped.visible
    return image, visible


def _in_light_of(base: np.ndarray, lent: np.ndarray, common: np.ndarray) -> np.ndarray:
    """The lent part, 0..1, its colours moved by the smooth difference from the base where both show the same."""
    shrunk = (PART_PX // _SHRINK, PART_PX // _SHRINK)
    known = np.concatenate([(base - lent) * common[..., None], common[..., None]], 2).astype(np.float32)
    smooth = cv2.GaussianBlur(
        cv2.resize(known, shrunk, interpolation=cv2.INTER_AREA),
        (0, 0),
        _LIGHT_PX / _SHRINK,
        borderType=cv2.BORDER_REFLECT,
    )
    offset = smooth[..., :3] / np.maximum(smooth[..., 3:], 0.02)
    moved = lent + cv2.resize(offset, (PART_PX, PART_PX), interpolation=cv2.INTER_LINEAR)
    return np.clip(moved, 0, 255) * np.float32(1 / 255)


def _filled(target_px: np.ndarray, outline: Sequence[int]) -> np.ndarray:
    mask = np.zeros((PART_PX, PART_PX), np.uint8)
    corners = target_px[list(outline), :2] - [PART[1].start, PART[0].start]
    cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    return mask.astype(np.float32)


def _gate(must: np.ndarray) -> np.ndarray:
    """Where the painter may change the base: a little beyond what it must, and nothing at the part's edges."""
    reach = cv2.dilate((must > 0.5).astype(np.float32), np.ones((2 * _REACH_PX + 1,) * 2, np.uint8))
    soft = cv2.GaussianBlur(reach, (0, 0), _FEATHER_PX, borderType=cv2.BORDER_REPLICATE)
    return soft * _EDGE


def _edge() -> np.ndarray:
    """1 in the middle, falling to 0 at the left, right and upper edge; the lower edge is that of the face."""
    ramp = np.clip((np.arange(PART_PX) + 0.5) / _BORDER_PX, 0, 1).astype(np.float32)
    return ramp[:, None] * np.minimum(ramp, ramp[::-1])


_EDGE = _edge()

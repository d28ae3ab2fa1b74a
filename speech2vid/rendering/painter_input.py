"""What the painter sees of one frame: the base and a lender of the mouth's inside, both warped to the target mesh.

The painter works on the part around the mouth of an aligned face at 256 px, whatever the size of the stills. P = 160
px: the side of that part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from speech2vid.rendering.mouth_inside import carried_inside
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import INNER_LIPS, OUTER_LIPS, ring_of
from speech2vid.rendering.warp import TargetRaster, Warped
from transforms.media.canonical import mouth_opening
from transforms.speakers.lip_motion import lip_motion

VIEW_PX = 256
PART_PX = 160
Part = tuple[slice, slice]
"""Rows and columns of the painted part of the aligned face at VIEW_PX."""
BASE, LENT, UPPER, LOWER = (slice(first, first + 3) for first in (0, 3, 6, 9))
"""Planes of colours, 0..1: the base, a lender warped like it, the lender's mouth inside carried by either jaw."""
SEEN, LENT_SEEN, UPPER_SEEN, LOWER_SEEN, INSIDE, LIPS, GATE = range(12, 19)
"""Planes of shares, 0..1: what each of those shows; the mouth's inside and the lips; where the base may change."""
NUM_PLANES = 19
_SHARPNESS = 0.02  # eye distances: by which a mouth must be more similar to be taken in place of another
_MAX_LENDERS = 3
_MIN_SHARE = 0.05  # of a lender; smaller ones cost time for nothing
_LIGHT_PX = 14.0  # standard deviation over which the lender's colours follow the base's
_SHRINK = 4
_REACH_PX, _FEATHER_PX = 5, 3.0  # the painter may change so much beyond what must be painted
_MEETING_PX = 2  # thickness of the line where lips meet
_MEET = (0.007, 0.037)  # mouth's openings, eye distances: lips that meet, lips apart
_BORDER_PX = 8
_MOUTH_PLACE = (84, 80)  # row and column of the base's mouth in the part
_LENT_SHAPES = (((), (3,)), ((), ()), ((2,), (3,)), ((2,), ()))  # of the four arrays of _Lent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PainterInput:
    """One frame's input."""

    planes: np.ndarray  # float32 (19, P, P), 0..1: see BASE to GATE
    base_rgb: np.ndarray  # uint8 (P, P, 3)
    gate: np.ndarray  # float32 (P, P), 0..1: where the painter may change the base
    meeting: np.ndarray  # float32 (P, P), 0..1: the line where lips meet that the base shows apart
    part: Part  # the part's place; the same for all targets of a base

    @property
    def between_lips(self) -> np.ndarray:
        """What the base does not show as it is: the mouth's inside, and lips that meet; (P, P), 0..1."""
        return np.maximum(self.planes[INSIDE], self.meeting)


def painter_input(
    base: Still, lenders: Sequence[Still], target_px: np.ndarray, repaint: np.ndarray | None = None
) -> PainterInput:
    """Warp base and lenders to the target.

    target_px: mesh (468, 3), px of the aligned face at VIEW_PX. repaint: float32 (VIEW_PX, VIEW_PX), 0..1,
    what of the base the painter must not see and has to paint again.
    """
    ring = view_px(ring_of(base.mesh_px), base)
    part = part_around(base)
    raster = TargetRaster(target_px, ring, part)
    ours = raster.warp(base.face_rgb, base.mesh_px, ring_of(base.mesh_px))
    hidden = np.zeros_like(_EDGE) if repaint is None else repaint[part] * (_EDGE == 1)
    seen, lips = ours.visible * (1 - hidden), _filled(target_px, OUTER_LIPS, part)
    lent = _lent(raster, base, lenders, target_px, ours)
    light = _light(ours.image, lent.warped, seen * lent.visible * (1 - lips))
    inside = raster.inside_mouth.astype(np.float32)
    gate = _gate(np.maximum(lips, 1 - seen))
    planes = np.empty((NUM_PLANES, PART_PX, PART_PX), np.float32)
    planes[BASE] = (ours.image * (np.float32(1 / 255) * (1 - hidden)[..., None])).transpose(2, 0, 1)
    planes[LENT], planes[LENT_SEEN] = _lit(lent.warped, light), lent.visible
    planes[UPPER], planes[LOWER] = (_lit(image, light) for image in lent.carried)
    planes[UPPER_SEEN], planes[LOWER_SEEN] = lent.carried_visible
    planes[SEEN], planes[INSIDE], planes[LIPS], planes[GATE] = seen, inside, lips, gate
    meeting = _meeting_lips(base if repaint is None else None, target_px, part)
    return PainterInput(planes=planes, base_rgb=ours.image, gate=gate, meeting=meeting, part=part)


def part_around(base: Still) -> Part:
    """The part around the mouth of a base, within the aligned face."""
    mouth = view_px(base.mesh_px[list(OUTER_LIPS)], base)[:, 1::-1].mean(0)
    first = np.clip(np.round(mouth) - _MOUTH_PLACE, 0, VIEW_PX - PART_PX).astype(int)
    return slice(int(first[0]), int(first[0]) + PART_PX), slice(int(first[1]), int(first[1]) + PART_PX)


def view_px(points: np.ndarray, still: Still) -> np.ndarray:
    """Points (N, 3) of a still in px of the aligned face at VIEW_PX."""
    scale = np.float32(VIEW_PX / len(still.face_rgb))
    middle = np.array([0.5, 0.5, 0], np.float32)
    return (points + middle) * scale - middle


def lender_shares(target_px: np.ndarray, lenders: Sequence[Still]) -> np.ndarray:
    """How much each lender gives, float (L,), by the similarity of the mouths' shapes; together 1."""
    shapes = lip_motion(np.stack([target_px, *(lender.mesh_px for lender in lenders)]))
    distance = np.sqrt(((shapes[1:] - shapes[0]) ** 2).mean(1))
    shares = np.exp((distance.min() - distance) / _SHARPNESS)
    shares[np.argsort(-shares)[_MAX_LENDERS:]] = 0
    shares /= shares.sum()
    shares[shares < _MIN_SHARE] = 0
    return shares / shares.sum()


class _Lent(NamedTuple):
    """The lenders together: colours 0..255, and what they show, 0..1."""

    warped: np.ndarray  # float32 (P, P, 3)
    visible: np.ndarray  # float32 (P, P)
    carried: np.ndarray  # float32 (2, P, P, 3)
    carried_visible: np.ndarray  # float32 (2, P, P)


def _lent(raster: TargetRaster, base: Still, lenders: Sequence[Still], target_px: np.ndarray, ours: Warped) -> _Lent:
    lent = _Lent(*(np.zeros((*copies, PART_PX, PART_PX, *colours), np.float32) for copies, colours in _LENT_SHAPES))
    box = _lips_box(target_px, raster.box)
    in_part = tuple(
        slice(side.start - part.start, side.stop - part.start) for side, part in zip(box, raster.box, strict=True)
    )
    for share, lender in zip(lender_shares(target_px, lenders).astype(np.float32), lenders, strict=True):
        if share > 0:
            warped = ours if lender is base else raster.warp(lender.face_rgb, lender.mesh_px)
            lent.warped[:] += share * warped.image
            lent.visible[:] += share * (warped.visible * warped.within)
            inside = carried_inside(lender, target_px, box)
            shown = share * inside.shown
            lent.carried[:, *in_part] += shown[..., None] * inside.rgb
            lent.carried_visible[:, *in_part] += shown
    lent.carried[:, *in_part] /= np.maximum(lent.carried_visible[:, *in_part, None], 1e-3)
    return lent


def _lips_box(target_px: np.ndarray, part: Part) -> tuple[slice, slice]:
    """Rows and columns of the lips, within the painted part."""
    lips = target_px[list(OUTER_LIPS), 1::-1]
    low, high = np.floor(lips.min(0)).astype(int), np.ceil(lips.max(0)).astype(int) + 1
    edges = [(side.start, side.stop) for side in part]
    rows, columns = (
        slice(int(np.clip(first, start, stop - 1)), int(np.clip(last, start + 1, stop)))
        for first, last, (start, stop) in zip(low, high, edges, strict=True)
    )
    return rows, columns


def _lit(image: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Colours of an image (P, P, 3), 0..255, in another light: (3, P, P), 0..1."""
    return (np.clip(image + light, 0, 255) * np.float32(1 / 255)).transpose(2, 0, 1)


def _light(base: np.ndarray, lent: np.ndarray, common: np.ndarray) -> np.ndarray:
    """What brings the lent part into the base's light: its smooth difference where both show skin, (P, P, 3)."""
    known = np.dstack([(base - lent) * common[..., None], common])
    small = cv2.resize(known, (PART_PX // _SHRINK,) * 2, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), _LIGHT_PX / _SHRINK, borderType=cv2.BORDER_REFLECT)
    offset = smooth[..., :3] / np.maximum(smooth[..., 3:], 0.02)
    return cv2.resize(offset, (PART_PX, PART_PX), interpolation=cv2.INTER_LINEAR)


def _filled(target_px: np.ndarray, outline: Sequence[int], part: Part) -> np.ndarray:
    mask = np.zeros((PART_PX, PART_PX), np.uint8)
    corners = target_px[list(outline), :2] - [part[1].start, part[0].start]
    cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    return mask.astype(np.float32)


def _meeting_lips(shown: Still | None, target_px: np.ndarray, part: Part) -> np.ndarray:
    """See PainterInput.meeting; shown: what shows its own lips, if anything does."""
    share = 1 - _apart(target_px)
    if shown is not None:
        share *= _apart(shown.mesh_px)
    mask = np.zeros((PART_PX, PART_PX), np.uint8)
    corners = [np.round((target_px[list(INNER_LIPS), :2] - [part[1].start, part[0].start]) * 16).astype(np.int32)]
    cv2.polylines(mask, corners, True, 255, _MEETING_PX, cv2.LINE_AA, 4)
    return mask * np.float32(share / 255)


def _apart(mesh_px: np.ndarray) -> float:
    """How far lips are apart, of a mesh (468, 3): 0..1."""
    low, high = _MEET
    return float(np.clip((mouth_opening(mesh_px[None])[0] - low) / (high - low), 0, 1))


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

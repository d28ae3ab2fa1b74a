"""The inside of a mouth that no still shows: teeth, tongue and dark, drawn in the light of the face.

A painter that learnt from a few people paints the mean of what may be there: smooth, and of the colour of lips. What is
drawn is no one's, and moves as in life: the upper teeth with the head, the lower ones with the chin.
Lengths are in mm, of a face whose eyes are 63 mm apart; colours RGB, 0..255.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from speech2vid.rendering.drawn_teeth import SHEET_MM, SHEET_SCALE, teeth_sheet
from speech2vid.rendering.painted_detail import PaintedPart
from speech2vid.rendering.painter_input import (
    INSIDE,
    LOWER,
    LOWER_SEEN,
    PART_PX,
    UPPER,
    UPPER_SEEN,
    PainterInput,
    Part,
    view_px,
)
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import INNER_LIPS, OUTER_LIPS, OVAL
from transforms.media.canonical import mouth_opening
from transforms.speakers.lip_motion import head_frame

_EYE_DISTANCE_MM = 63.0
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_BRIGHT = 0.9  # of the face's pixels are darker than those that tell the light
_TEETH_LIGHT, _TEETH_PALER = 1.0, 0.25  # of that light; how much of its tint teeth lack
_CAVITY, _TONGUE = np.array([[0.55, 0.35, 0.35], [0.80, 0.62, 0.64]], np.float32)  # of the lips' colour
_TONGUE_MM, _TONGUE_BELOW_MM = (17.0, 10.0), 4.0  # half axes; how far below the lower teeth's edge its middle lies
_UPPER_EDGE_MM, _LOWER_EDGE_MM = 1.0, 0.5  # below the line where the lips meet
_DEEP_MM, _AT_LIPS = 2.5, 0.5  # light falls in as far as this from the lips' edge; what is left of it there
_WIDE_MM, _NEARLY_CLOSED = 7.0, 0.55  # the same of the mouth's opening
_FROM_MIDDLE, _IN_CORNERS = 0.45, 0.35  # of half the mouth's width; what is left of the light at its end
_SHOWS_TEETH_MM = (5.0, 7.5)  # openings of the most open still; from the second on, no teeth are drawn
_UPPER_LIP, _LOWER_LIP, _BELOW_NOSE, _CHIN, _CORNERS = 13, 14, 2, 152, [78, 308]
_SMALL_PX = 64
_EDGE_PX, _SEAM_PX = 1.0, 2.0  # standard deviations at the lips, and between own and drawn
_MARGIN_PX = 3  # beside the inside
_OWN, _DRAWN = 0.6, 0.75  # how much is taken of them; the rest is the painter's, which is nearer on average, and soft
_UNSEEN = (0.3, 0.7)  # share of the inside, by all lenders: nothing is drawn up to the first, all from the second on
_THIN = 0.3  # share of unseen pixels around one, up to which nothing is drawn: there the painter closes the seam


def with_drawn_mouth(
    painted: PaintedPart, seen: PainterInput, base: Still, lenders: Sequence[Still], target_px: np.ndarray
) -> PaintedPart:
    """The painted part with detail inside the mouth: the lenders' own where they show it, else drawn.

    target_px: mesh (468, 3), px of the aligned face at VIEW_PX.
    """
    inside = seen.planes[INSIDE]
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    if not len(rows):
        return painted
    part = _widened(rows), _widened(columns)
    teeth, planes = _teeth_share(lenders), seen.planes[:, *part]
    own_rgb, own = _lent_inside(planes)
    own *= 1 - teeth
    soft = cv2.GaussianBlur(planes[INSIDE], (0, 0), _EDGE_PX)
    unseen = _smoothed((1 - own) * planes[INSIDE]) / np.maximum(_smoothed(planes[INSIDE]), 1e-3)
    drawn = soft * _drawn_share(own, planes[INSIDE]) * np.clip((unseen - _THIN) / (1 - 2 * _THIN), 0, 1)
    box = _shifted(part, seen.part)
    colours, alpha = painted.colours.copy(), painted.alpha.copy()
    for share, rgb in ((_OWN * soft * own, own_rgb), (_DRAWN * drawn, drawn_inside(base, teeth, target_px, box))):
        colours[part] += share[..., None] * (rgb - colours[part])
        alpha[part] = np.maximum(alpha[part], share)
    return PaintedPart(colours=colours, alpha=alpha, tint=painted.tint)


def _drawn_share(own: np.ndarray, inside: np.ndarray) -> float:
    """How much is drawn: nothing where lenders show most of the inside, whose rest the painter continues."""
    low, high = _UNSEEN
    return float(np.clip((1 - (own * inside).sum() / inside.sum() - low) / (high - low), 0, 1))


def _lent_inside(planes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the lenders show inside the mouth, (h, w, 3), 0..255, and how far they show it, (h, w).

    Above, what the upper jaw carries; below, what the lower one does.
    """
    inside = planes[INSIDE]
    below = np.clip((np.cumsum(inside, 0) - 0.5) / np.maximum(inside.sum(0), 1), 0, 1)
    upper, lower = planes[UPPER_SEEN] * (1 - below) ** 2, planes[LOWER_SEEN] * below**2
    rgb = (upper * planes[UPPER] + lower * planes[LOWER]) * (255 / np.maximum(upper + lower, 1e-6))
    return rgb.transpose(1, 2, 0), np.maximum(planes[UPPER_SEEN], planes[LOWER_SEEN])


def drawn_inside(base: Still, teeth: float, target_px: np.ndarray, box: Part) -> np.ndarray:
    """Draw what lies behind the lips, float32 (h, w, 3), 0..255.

    target_px: mesh (468, 3), px of the aligned face at VIEW_PX; box: rows and columns of that face. teeth: how
    visible they are, 0..1.
    """
    light_rgb, lips_rgb = _colours(base)
    mouth = _Mouth.of(view_px(base.mesh_px, base), target_px)
    rgb = _behind_teeth(mouth, lips_rgb, box)
    for upper, edge_px in ((False, mouth.lower_edge_px), (True, mouth.upper_edge_px)):
        light, cover = np.moveaxis(teeth * mouth.placed(teeth_sheet(upper), edge_px, box), 2, 0)
        rgb += light[..., None] * light_rgb - cover[..., None] * rgb
    return rgb * mouth.light(box)[..., None]


def _teeth_share(lenders: Sequence[Still]) -> float:
    """How much of the teeth is drawn: all where no lender opens the mouth, none where one shows them."""
    low, high = _SHOWS_TEETH_MM
    opening_mm = _EYE_DISTANCE_MM * float(mouth_opening(np.stack([still.mesh_px for still in lenders])).max())
    return float(np.clip((high - opening_mm) / (high - low), 0, 1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Mouth:
    """Where things lie behind the lips of a target."""

    per_mm: np.ndarray  # (2, 2): px that a mm to the right, and one down, of the head makes in the image; rows
    upper_edge_px: np.ndarray  # (2,): of the middle teeth
    lower_edge_px: np.ndarray
    target_px: np.ndarray  # (468, 3)

    @classmethod
    def of(cls, base_px: np.ndarray, target_px: np.ndarray) -> "_Mouth":
        """Of a base, whose lips are at rest, and the target."""
        frame = head_frame(target_px[None])
        per_mm = frame.undo_vectors(np.eye(3)[None])[0, :2, :2] / _EYE_DISTANCE_MM
        before, after = (
            _EYE_DISTANCE_MM * head_frame(mesh[None]).apply(mesh[None].astype(np.float64))[0, :, 1]
            for mesh in (base_px, target_px)
        )
        line = (before[_UPPER_LIP] + before[_LOWER_LIP]) / 2 - before[_BELOW_NOSE]
        down = max(0.0, after[_CHIN] - before[_CHIN])
        nose = target_px[_BELOW_NOSE, :2]
        return cls(
            per_mm=per_mm,
            upper_edge_px=nose + (line + _UPPER_EDGE_MM) * per_mm[1],
            lower_edge_px=nose + (line + _LOWER_EDGE_MM + down) * per_mm[1],
            target_px=target_px,
        )

    def placed(self, sheet: np.ndarray, edge_px: np.ndarray, box: Part) -> np.ndarray:
        """A sheet of teeth in a box of the image, (h, w, 2)."""
        linear = self.per_mm.T / SHEET_SCALE
        middle = (np.array(SHEET_MM[::-1]) * SHEET_SCALE - 1) / 2
        affine = np.column_stack([linear, edge_px - _corner(box) - linear @ middle])
        return cv2.warpAffine(sheet, affine, _size(box), flags=cv2.INTER_LINEAR)

    def millimetres(self, from_px: np.ndarray, box: Part) -> tuple[np.ndarray, np.ndarray]:
        """How far right and down of a point the box's pixels lie, each (h, w)."""
        x, y = np.meshgrid(*(np.arange(side, dtype=np.float32) for side in _size(box)))
        (a, b), (c, d) = np.linalg.inv(self.per_mm).astype(np.float32)
        x, y = x + np.float32(box[1].start - from_px[0]), y + np.float32(box[0].start - from_px[1])
        return x * a + y * c, x * b + y * d

    def light(self, box: Part) -> np.ndarray:
        """How much light falls in, (h, w): little at the lips, in the corners, and where the lips hardly part."""
        outline, scale = self.target_px[list(INNER_LIPS), :2], np.sqrt(abs(np.linalg.det(self.per_mm)))
        mask = np.zeros(_size(box)[::-1], np.uint8)
        cv2.fillPoly(mask, [np.round((outline - _corner(box)) * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
        depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3) / (scale * _DEEP_MM)
        gap = np.linalg.norm(self.target_px[_UPPER_LIP, :2] - self.target_px[_LOWER_LIP, :2]) / (scale * _WIDE_MM)
        corners = self.target_px[_CORNERS, :2]
        sideways, _ = self.millimetres(corners.mean(0), box)
        half = max(float(np.abs(np.linalg.inv(self.per_mm.T)[0] @ (corners[1] - corners[0]))) / 2, 1.0)
        outwards = np.clip((np.abs(sideways) / half - _FROM_MIDDLE) / (1 - _FROM_MIDDLE), 0, 1)
        at_lips = _AT_LIPS + (1 - _AT_LIPS) * np.clip(depth, 0, 1)
        return at_lips * (_NEARLY_CLOSED + (1 - _NEARLY_CLOSED) * min(gap, 1)) * (1 - (1 - _IN_CORNERS) * outwards)


def _behind_teeth(mouth: _Mouth, lips_rgb: np.ndarray, box: Part) -> np.ndarray:
    right, down = mouth.millimetres(mouth.lower_edge_px + _TONGUE_BELOW_MM * mouth.per_mm[1], box)
    tongue = np.clip(1 - (right / _TONGUE_MM[0]) ** 2 - (down / _TONGUE_MM[1]) ** 2, 0, 1)[..., None]
    return lips_rgb * (_CAVITY + tongue * (_TONGUE - _CAVITY))


def _colours(base: Still) -> tuple[np.ndarray, np.ndarray]:
    """Of teeth in the light of a face, and of its lips: float32 (3,) each."""
    small = cv2.resize(base.face_rgb, (_SMALL_PX, _SMALL_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    mesh = base.mesh_px[:, :2] * (_SMALL_PX / len(base.face_rgb))
    face, lips = (small[_filled(mesh[list(outline)])] for outline in (OVAL, OUTER_LIPS))
    luma = face @ _LUMA
    bright = face[luma >= np.quantile(luma, _BRIGHT)].mean(0)
    teeth = _TEETH_LIGHT * (bright + _TEETH_PALER * (bright @ _LUMA - bright))
    return np.minimum(teeth, 245), np.median(lips, 0)


def _filled(outline: np.ndarray) -> np.ndarray:
    mask = np.zeros((_SMALL_PX, _SMALL_PX), np.uint8)
    return cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 1, cv2.LINE_8, 4) > 0


def _smoothed(share: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(share, (0, 0), _SEAM_PX)


def _widened(places: np.ndarray) -> slice:
    """From the first of sorted rows or columns to the last one, and a little beyond."""
    return slice(max(0, int(places[0]) - _MARGIN_PX), min(PART_PX, int(places[-1]) + 1 + _MARGIN_PX))


def _shifted(part: Part, by: Part) -> Part:
    """A box within the painted part in px of the face."""
    rows, columns = (
        slice(edge.start + side.start, edge.start + side.stop) for edge, side in zip(by, part, strict=True)
    )
    return rows, columns


def _corner(box: Part) -> np.ndarray:
    return np.array([box[1].start, box[0].start])


def _size(box: Part) -> tuple[int, int]:
    """Width and height."""
    return box[1].stop - box[1].start, box[0].stop - box[0].start

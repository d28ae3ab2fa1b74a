"""Piecewise-affine warp of an image over the triangles of the face mesh.

Target pixels are mapped back to the source, so that nothing tears. Shapes: N triangles, H x W image, h x w box of what
moves.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from speech2vid.rendering.topology import IN_RING, INSIDE_MOUTH, TRIANGLES, ring_of

_MIN_MOVE_PX = 0.02  # a triangle whose corners all move less stays as it is
_FRACTION_BITS = 4  # of corners, when triangles are drawn
_MIN_AREA_PX2 = 1e-3
_THIN_PX = 0.5  # least height of a triangle up to which skin is seen edge-on
_TEETH_UNSEEN, _TEETH_SEEN = 0.5, 0.9  # the same inside the mouth: stretched teeth are worse than stretched skin
_UNSEEN, _SEEN = 0.2, 0.6  # of the faces' scale: a source triangle that is smaller shows nothing; larger, all


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Warped:
    """A source image, brought to the target's box."""

    image: np.ndarray  # uint8 (h, w, 3)
    visible: np.ndarray  # float32 (h, w), 0..1: 0 where the source's head hides what the target shows
    within: np.ndarray  # bool (h, w): whether the pixel comes from within the source image
    moved_px: np.ndarray  # float32 (h, w): how far each pixel comes from


class TargetRaster:
    """Which triangle each pixel of a box of the target shows; several sources can be warped to it."""

    def __init__(self, target_px: np.ndarray, ring_px: np.ndarray, box: tuple[slice, slice]) -> None:
        """target_px: mesh (468, 3); ring_px: (36, 3), see ring_of; box: rows and columns of the target image."""
        self.box, self._corners = box, np.concatenate([target_px, ring_px])[TRIANGLES].astype(np.float64)
        self._origin = np.array([box[1].start, box[0].start])
        self.triangle = self._drawn()

    @property
    def inside_mouth(self) -> np.ndarray:
        """Where the target shows the inside of the mouth: bool (h, w)."""
        return np.append(INSIDE_MOUTH, False)[self.triangle]

    def warp(self, image: np.ndarray, source_px: np.ndarray, ring_px: np.ndarray | None = None) -> Warped:
        """Warp an image (H, W, 3) with its mesh (468, 3); ring_px: its ring, None: as ring_of has it."""
        ring = ring_of(source_px) if ring_px is None else ring_px
        affine, visible = _back(self._corners[..., :2], np.concatenate([source_px, ring])[TRIANGLES][..., :2])
        x, y, moved = self._source_coordinates(affine)
        warped = cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        within = (x > -1) & (y > -1) & (x < image.shape[1]) & (y < image.shape[0])
        return Warped(image=warped, visible=visible[self.triangle], within=within, moved_px=moved)

    def _source_coordinates(self, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        height, width = self.triangle.shape
        rows = np.arange(height, dtype=np.float32)[:, None] + np.float32(self._origin[1])
        columns = np.arange(width, dtype=np.float32) + np.float32(self._origin[0])
        flat = self.triangle.ravel()
        terms = [np.take(term, flat).reshape(height, width) for term in affine.reshape(-1, 6).T.copy()]
        x = terms[0] * columns + terms[1] * rows + terms[2]
        y = terms[3] * columns + terms[4] * rows + terms[5]
        return x, y, np.maximum(np.abs(x - columns), np.abs(y - rows))

    def _drawn(self) -> np.ndarray:
        """The number of the front triangle at each pixel, int32 (h, w); N where there is none."""
        drawn = np.full(_shape(self.box), len(TRIANGLES), np.int32)
        points = (self._corners[..., :2] - self._origin) * (1 << _FRACTION_BITS)
        fixed = np.round(points).astype(np.int32)
        for number in self._back_to_front():
            cv2.fillConvexPoly(drawn, fixed[number], int(number), cv2.LINE_8, _FRACTION_BITS)
        return drawn

    def _back_to_front(self) -> np.ndarray:
        """Triangles that touch the box: the ring, those turned away, the mouth's inside, the rest by depth.

        What is seen edge-on is left out: its neighbours' edges cover it, and its pixels would come from anywhere.
        """
        xy = self._corners[..., :2]
        layer = np.where(INSIDE_MOUTH, 2, np.where(_area(xy) < 0, 1, 3))
        layer[IN_RING] = 0
        low, high = self._origin, self._origin + np.array(_shape(self.box)[::-1])
        touches = ((xy.max(1) >= low) & (xy.min(1) <= high)).all(1)
        drawn = touches & (INSIDE_MOUTH | (_least_height(xy) > _THIN_PX))
        order = np.lexsort((-self._corners[..., 2].mean(1), layer))
        return order[drawn[order]]


def moving_box(source_px: np.ndarray, target_px: np.ndarray, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of an image (H, W) in which something moves between two meshes with the same ring."""
    moves = (np.abs(source_px - target_px)[:, :2] > _MIN_MOVE_PX).any(1)
    ring = ring_of(source_px)
    corners = np.concatenate([moves, np.zeros(len(ring), bool)])[TRIANGLES].any(1)
    if not corners.any():
        return slice(0, 0), slice(0, 0)
    points = np.concatenate([np.concatenate([mesh, ring])[TRIANGLES[corners]] for mesh in (source_px, target_px)])
    low, high = np.floor(points.min((0, 1)))[:2].astype(int), np.ceil(points.max((0, 1)))[:2].astype(int) + 1
    return (slice(max(low[1], 0), min(high[1], shape[0])), slice(max(low[0], 0), min(high[0], shape[1])))


def _shape(box: tuple[slice, slice]) -> tuple[int, int]:
    return box[0].stop - box[0].start, box[1].stop - box[1].start


def _back(target: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Affine maps from target to source, float32 (N + 1, 2, 3), and how far the source shows each, float32 (N + 1,).

    The last map is the identity.
    """
    area = _area(target)
    safe = np.where(np.abs(area) < _MIN_AREA_PX2, _MIN_AREA_PX2, area)
    a, b = target[:, 1] - target[:, 0], target[:, 2] - target[:, 0]
    inverse = np.stack([np.stack([b[:, 1], -b[:, 0]], 1), np.stack([-a[:, 1], a[:, 0]], 1)], 1) / safe[:, None, None]
    edges = np.stack([source[:, 1] - source[:, 0], source[:, 2] - source[:, 0]], 2)
    linear = edges @ inverse
    offset = source[:, 0] - np.einsum("nij,nj->ni", linear, target[:, 0])
    affine = np.concatenate([linear, offset[:, :, None]], 2)
    scale = np.sqrt(np.abs(_area(source)).sum() / np.abs(area).sum())  # of the whole: images of two sizes
    unseen, seen = np.where(INSIDE_MOUTH, _TEETH_UNSEEN, _UNSEEN), np.where(INSIDE_MOUTH, _TEETH_SEEN, _SEEN)
    visible = np.clip((_least_stretch(linear) / scale - unseen) / (seen - unseen), 0, 1)
    return (np.concatenate([affine, np.eye(2, 3)[None]]).astype(np.float32), np.append(visible, 1).astype(np.float32))


def _least_stretch(linear: np.ndarray) -> np.ndarray:
    """The smaller singular value of matrices (N, 2, 2), negative where they turn a triangle over."""
    half_sum = np.hypot(linear[:, 0, 0] + linear[:, 1, 1], linear[:, 0, 1] - linear[:, 1, 0]) / 2
    half_difference = np.hypot(linear[:, 0, 0] - linear[:, 1, 1], linear[:, 0, 1] + linear[:, 1, 0]) / 2
    return half_sum - half_difference


def _area(corners: np.ndarray) -> np.ndarray:
    """Twice the signed area of triangles (N, 3, 2)."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _least_height(corners: np.ndarray) -> np.ndarray:
    """Of triangles (N, 3, 2): (N,)."""
    longest = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2).max(1)
    return np.abs(_area(corners)) / np.maximum(longest, _MIN_AREA_PX2)

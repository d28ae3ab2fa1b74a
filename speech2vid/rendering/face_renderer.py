"""Renders a face with the mouth, jaw and cheeks of a target mesh, by itself or in the image that it was cut from."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from speech2vid.rendering.drawn_mouth import with_drawn_mouth
from speech2vid.rendering.own_blur import missing_blur_px
from speech2vid.rendering.painted_detail import PaintedPart, keep_detail
from speech2vid.rendering.painter_file import PainterFile
from speech2vid.rendering.painter_input import PART_PX, VIEW_PX, PainterInput, Part, painter_input, view_px
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import ring_of
from speech2vid.rendering.warp import TargetRaster, moving_box

_FULL_CHANGE_PX = 0.5  # of movement
_BELOW_FEATHER = 0.08  # of the painted part: towards its lower edge, where the image goes on
_EDGES = 1.5  # steepness of the transition to what is not blurred
_AS_IT_IS = np.eye(2, 3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendered:
    """A rendered image: the face, or the whole image that it lies in."""

    rgb: np.ndarray  # uint8 (H, W, 3)
    changed: np.ndarray  # float32 (H, W), 0..1: 0 where the pixel is the base's own


class FaceRenderer:
    """Moves the face of a base image; stills of the same person lend the inside of the mouth, and what is hidden."""

    def __init__(self, stills: Sequence[Still], painter: PainterFile | None = None) -> None:
        """stills: of the person, aligned; painter: None for the warp alone."""
        self._stills, self._painter = tuple(stills), painter

    def render(self, base: Still, target_px: np.ndarray, repaint: np.ndarray | None = None) -> Rendered:
        """Render the base with another mesh (468, 3), px of the base; its pose stays, and all that does not move.

        repaint: float32 (S, S), 0..1: what of the base is painted again, unseen; it needs a painter.
        """
        return self._rendered(base.face_rgb, _AS_IT_IS, base, target_px, repaint)

    def render_in(
        self,
        image_rgb: np.ndarray,
        to_image: np.ndarray,
        base: Still,
        target_px: np.ndarray,
        repaint: np.ndarray | None = None,
    ) -> Rendered:
        """Render the base in the image (H, W, 3) that it was cut from, at the image's own resolution.

        to_image: affine map (2, 3) from the base's px to the image's, as `align` of a stored clip.
        """
        return self._rendered(image_rgb, to_image, base, target_px, repaint)

    def _rendered(
        self,
        image_rgb: np.ndarray,
        to_image: np.ndarray,
        base: Still,
        target_px: np.ndarray,
        repaint: np.ndarray | None,
    ) -> Rendered:
        rgb, changed = image_rgb.copy(), np.zeros(image_rgb.shape[:2], np.float32)
        source, target = (in_image(mesh, to_image) for mesh in (base.mesh_px, target_px))
        box = moving_box(source, target, image_rgb.shape[:2])
        if changed[box].size:
            ring = ring_of(source)  # the same before and after: what lies beyond it stays
            warped = TargetRaster(target, ring, box).warp(image_rgb, source, ring)
            rgb[box], changed[box] = warped.image, np.clip(warped.moved_px / _FULL_CHANGE_PX, 0, 1)
        if self._painter is not None:
            self._paint(rgb, changed, to_image, base, target_px, repaint)
        return Rendered(rgb=rgb, changed=changed)

    def _paint(
        self,
        rgb: np.ndarray,
        changed: np.ndarray,
        to_image: np.ndarray,
        base: Still,
        target_px: np.ndarray,
        repaint: np.ndarray | None,
    ) -> None:
        """Paint over the warped image, in place."""
        seen, painted = self._painted_part(base, target_px, repaint)
        ends = _ends_below() if to_image is not _AS_IT_IS else np.ones((PART_PX, 1), np.float32)
        affine = _part_to(seen.part, to_image, len(base.face_rgb))
        box = _box_of_part(affine, rgb.shape[:2])
        colours, tint = _placed(painted.colours, affine, box), _placed(painted.tint * ends[..., None], affine, box)
        alpha = np.clip(_placed(painted.alpha * ends, affine, box), 0, 1)
        before = rgb[box].astype(np.float32)
        after = before + alpha[..., None] * (colours - before) + tint
        blur_px = missing_blur_px(base, seen.part) * _scale(to_image)
        edges = np.clip(_placed(_edges(seen, blur_px / _scale(affine)), affine, box), 0, 1)
        after += edges[..., None] * (cv2.GaussianBlur(after, (0, 0), blur_px) - after)
        rgb[box] = np.clip(np.round(after), 0, 255)
        alpha = np.maximum(alpha, edges)
        changed[box] = np.maximum(changed[box], np.maximum(alpha, np.clip(np.abs(tint).max(2), 0, 1)))

    def _painted_part(
        self, base: Still, target_px: np.ndarray, repaint: np.ndarray | None
    ) -> tuple[PainterInput, PaintedPart]:
        assert self._painter is not None
        hidden = None if repaint is None else cv2.resize(repaint, (VIEW_PX, VIEW_PX))
        stills, target = self._stills or (base,), view_px(target_px, base)
        seen = painter_input(base, stills, target, hidden)
        painted = keep_detail(seen, *self._painter.paint(seen), len(base.face_rgb))
        return seen, with_drawn_mouth(painted, seen, base, stills, target)


def in_image(mesh_px: np.ndarray, to_image: np.ndarray) -> np.ndarray:
    """A mesh (468, 3) of an aligned face in px of the image that it was cut from; depth keeps its scale."""
    scale = np.hypot(to_image[0, 0], to_image[1, 0])
    xy = mesh_px[:, :2] @ to_image[:, :2].T + to_image[:, 2]
    return np.concatenate([xy, mesh_px[:, 2:] * scale], 1).astype(np.float32)


def _edges(seen: PainterInput, blur_px: float) -> np.ndarray:
    """Where something is drawn, with its edges, (P, P), 0..1; blur_px: px of the part."""
    wide = cv2.dilate(seen.between_lips, np.ones((3, 3), np.uint8))
    return np.minimum(_EDGES * cv2.GaussianBlur(wide, (0, 0), max(blur_px, 1.0)), 1)


def _ends_below() -> np.ndarray:
    rows = np.arange(PART_PX, 0, -1, dtype=np.float32)[:, None] / PART_PX
    return np.clip((rows - 0.5 / PART_PX) / _BELOW_FEATHER, 0, 1)


def _part_to(part: Part, to_image: np.ndarray, still_px: int) -> np.ndarray:
    """Affine map (2, 3) from px of the painted part to the image's."""
    scale = still_px / VIEW_PX
    corner = (np.array([part[1].start, part[0].start]) + 0.5) * scale - 0.5
    linear = to_image[:, :2] * scale
    return np.column_stack([linear, to_image[:, :2] @ corner + to_image[:, 2]])


def _scale(affine: np.ndarray) -> float:
    return float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))


def _box_of_part(affine: np.ndarray, shape: tuple[int, int]) -> tuple[slice, slice]:
    corners = np.array([[x, y, 1] for x in (-1, PART_PX) for y in (-1, PART_PX)]) @ affine.T
    low, high = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int) + 1
    return slice(max(low[1], 0), min(high[1], shape[0])), slice(max(low[0], 0), min(high[0], shape[1]))


def _placed(part: np.ndarray, affine: np.ndarray, box: tuple[slice, slice]) -> np.ndarray:
    """The painted part in a box of the image; 0 outside it."""
    shifted = affine - [[0, 0, box[1].start], [0, 0, box[0].start]]
    size = (box[1].stop - box[1].start, box[0].stop - box[0].start)
    return cv2.warpAffine(part, shifted, size, flags=cv2.INTER_CUBIC)

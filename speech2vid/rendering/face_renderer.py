"""Renders a face with the mouth, jaw and cheeks of a target mesh."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import ring_of
from speech2vid.rendering.warp import TargetRaster, Warped, moving_box

_FULL_CHANGE_PX = 0.5  # of movement


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendered:
    """A rendered face."""

    face_rgb: np.ndarray  # uint8 (S, S, 3)
    changed: np.ndarray  # float32 (S, S), 0..1: 0 where the pixel is the base's own


class FaceRenderer:
    """Moves the face of a base image; stills of the same person lend what the base does not show."""

    def __init__(self, stills: Sequence[Still]) -> None:
        """stills: of the person, all of the same size."""
        self._stills = tuple(stills)

    def render(self, base: Still, target_mesh_px: np.ndarray) -> Rendered:
        """Render the base with another mesh (468, 3), px: its pose and everything outside the moved region stay."""
        face, changed = base.face_rgb.copy(), np.zeros(base.face_rgb.shape[:2], np.float32)
        box = moving_box(base.mesh_px, target_mesh_px, changed.shape)
        if changed[box].size:
            warped = _warped(base, target_mesh_px, box)
            face[box], changed[box] = warped.image, np.clip(warped.moved_px / _FULL_CHANGE_PX, 0, 1)
        return Rendered(face_rgb=face, changed=changed)


def _warped(base: Still, target_mesh_px: np.ndarray, box: tuple[slice, slice]) -> Warped:
    ring = ring_of(base.mesh_px)  # the same before and after: what lies beyond it stays
    return TargetRaster(target_mesh_px, ring, box).warp(base.face_rgb, base.mesh_px, ring)

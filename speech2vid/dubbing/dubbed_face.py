"""Puts new mouth shapes on the dubbed face of single frames."""

from collections.abc import Sequence

import numpy as np

from schemas.media import VideoStream
from speech2vid.dubbing.blend import poisson, region_of
from speech2vid.dubbing.face_canvas import FaceCanvas
from speech2vid.dubbing.face_meshes import FaceAt
from speech2vid.dubbing.image_planes import FramePlanes
from speech2vid.rendering.face_renderer import FaceRenderer
from speech2vid.rendering.still import Still
from transforms.media.canonical import FILL_VALUE
from transforms.media.orientation import shown_from_stored


class FaceDubber:
    """Renders the face of one person into frames of one video."""

    def __init__(self, video: VideoStream, canvas: FaceCanvas, renderer: FaceRenderer, blend: str) -> None:
        """blend: one of BLENDS."""
        self._shown_from_stored = shown_from_stored(video)
        self._canvas, self._renderer, self._blend = canvas, renderer, blend

    def still(self, planes: FramePlanes, face: FaceAt) -> tuple[Still, np.ndarray]:
        """The frame's own face in the canvas, and the map (2, 3) from px of the stored frame to px of the canvas."""
        align = self._canvas.align(face.align)
        scale = float(np.hypot(align[0, 0], align[1, 0]))
        mesh = np.column_stack([face.mesh[:, :2] @ align[:, :2].T + align[:, 2], face.mesh[:, 2] * scale])
        from_stored = _after(align, self._shown_from_stored)
        size = self._canvas.size
        rgb = planes.cut(from_stored, (size, size), FILL_VALUE)
        return Still(face_rgb=rgb, mesh_px=mesh.astype(np.float32)), from_stored

    def dub(self, planes: FramePlanes, face: FaceAt, base: Still, from_stored: np.ndarray, target: np.ndarray) -> bool:
        """Give the face in a frame another mesh (468, 3), px of the canvas; whether that changes anything."""
        target = base.mesh_px + face.strength * (target - base.mesh_px)
        rendered = self._renderer.render(base, target.astype(np.float32))
        region = region_of(rendered.changed, self._canvas.face_px)
        if not region.any():
            return False
        joined = poisson(base.face_rgb, rendered, region) if self._blend == "poisson" else rendered.face_rgb
        planes.paste(joined, region * np.float32(face.strength), from_stored)
        return True


def _after(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The affine map (2, 3) that applies `first` and then `second`."""
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])

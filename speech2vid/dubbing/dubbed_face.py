"""Puts new mouth shapes on the dubbed face of single frames, at the frame's own resolution."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from schemas.media import VideoStream
from speech2vid.dubbing.blend import clone_mouth, share_of
from speech2vid.dubbing.face_meshes import FaceAt
from speech2vid.dubbing.image_planes import FramePlanes
from speech2vid.dubbing.tracked_faces import TUBE_FACE_PX
from speech2vid.rendering.face_renderer import FaceRenderer, in_image
from speech2vid.rendering.painter_file import PainterFile
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import OUTER_LIPS
from transforms.media.canonical import FILL_VALUE, invert_affine
from transforms.media.orientation import shown_from_stored

_HIDDEN_PX = 12  # of the aligned face, around the lips: what the painter does not see
_REACH = 0.35  # of the aligned face: what is cut out around it on each side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceView:
    """The dubbed face in one frame."""

    base: Still  # the aligned face, TUBE_FACE_PX
    corner: tuple[int, int]  # x, y in the stored frame of the part that is cut out around the face
    part_rgb: np.ndarray  # uint8 (H, W, 3): that part
    to_part: np.ndarray  # (2, 3): px of the aligned face -> px of the part
    is_mirrored: bool  # the part's columns are in reverse order, as the frame is stored mirrored


class FaceDubber:
    """Renders the face of one person into frames of one video."""

    def __init__(self, video: VideoStream, stills: Sequence[Still], painter: PainterFile | None) -> None:
        """stills: of the person, of any size; painter: of the blend `context`, None: the blend is `poisson`."""
        self._shown_from_stored = shown_from_stored(video)
        self._stills, self._is_painted = stills, painter is not None
        self._renderer = FaceRenderer(stills, painter)

    def view(self, planes: FramePlanes, face: FaceAt) -> FaceView:
        """Cut the face out of a frame as it is stored: turned or mirrored as the file has it."""
        from_stored = _after(face.align, self._shown_from_stored)
        to_stored = invert_affine(from_stored[None])[0]
        left, top, right, bottom = _box(to_stored, planes.rgb.shape)
        part, to_part = planes.rgb[top:bottom, left:right], to_stored - [[0, 0, left], [0, 0, top]]
        is_mirrored = bool(np.linalg.det(to_part[:, :2]) < 0)
        if is_mirrored:  # a warp knows the front of a face by the order of its triangles' corners
            part, to_part = np.ascontiguousarray(part[:, ::-1]), _mirrored(to_part, right - left)
        aligned = cv2.warpAffine(
            part,
            to_part,
            (TUBE_FACE_PX, TUBE_FACE_PX),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderValue=(FILL_VALUE,) * 3,
        )
        scale = float(np.hypot(face.align[0, 0], face.align[1, 0]))
        xy = face.mesh[:, :2] @ face.align[:, :2].T + face.align[:, 2]
        mesh = np.column_stack([xy, face.mesh[:, 2] * scale]).astype(np.float32)
        return FaceView(
            base=Still(face_rgb=aligned, mesh_px=mesh),
            corner=(left, top),
            part_rgb=part,
            to_part=to_part,
            is_mirrored=is_mirrored,
        )

    def dub(self, planes: FramePlanes, view: FaceView, target_px: np.ndarray, strength: float) -> None:
        """Give the face another mesh (468, 3), px of the aligned face.

        strength: 0..1, how far it goes there.
        """
        own = view.base.mesh_px
        target = (own + strength * (target_px - own)).astype(np.float32)
        hidden = _hidden(own, target) if self._is_painted else None
        rendered = self._renderer.render_in(view.part_rgb, view.to_part, view.base, target, hidden)
        if not self._is_painted:
            own_px, target_px = in_image(own, view.to_part), in_image(target, view.to_part)
            clone_mouth(rendered.rgb, target_px, own_px, self._stills)
        share = share_of(rendered.changed) * np.float32(strength)
        columns = slice(None, None, -1 if view.is_mirrored else 1)
        planes.paste(rendered.rgb[:, columns], share[:, columns], view.corner)


def _box(to_stored: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Half-open box x1, y1, x2, y2 of a frame around the aligned face; it is never empty."""
    low, high = -_REACH * TUBE_FACE_PX, (1 + _REACH) * TUBE_FACE_PX
    corners = np.array([[low, low], [high, low], [high, high], [low, high]])
    found = corners @ to_stored[:, :2].T + to_stored[:, 2]
    most = np.array([shape[1], shape[0]])
    first = np.clip(np.floor(found.min(0)), 0, most - 1).astype(int)
    last = np.clip(np.ceil(found.max(0)), first + 1, most).astype(int)
    return int(first[0]), int(first[1]), int(last[0]), int(last[1])


def _hidden(own: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The mouth before and after, with the skin around it: float32 (TUBE_FACE_PX, TUBE_FACE_PX), 0 or 1."""
    mask = np.zeros((TUBE_FACE_PX, TUBE_FACE_PX), np.uint8)
    for mesh in (own, target):
        lips = cv2.convexHull(np.round(mesh[list(OUTER_LIPS), :2]).astype(np.int32))
        cv2.fillConvexPoly(mask, lips, 1)
        cv2.polylines(mask, [lips], isClosed=True, color=1, thickness=2 * _HIDDEN_PX)
    return mask.astype(np.float32)


def _mirrored(to_part: np.ndarray, width: int) -> np.ndarray:
    """A map (2, 3) to an image as one to the same image mirrored."""
    return np.stack([[0, 0, width - 1] - to_part[0], to_part[1]])


def _after(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The affine map (2, 3) that applies `first` and then `second`."""
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])

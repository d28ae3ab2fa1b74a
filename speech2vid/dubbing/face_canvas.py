"""The image that a face is rendered in: the aligned face with a border, as a chin that drops leaves the aligned face."""

from dataclasses import dataclass

import numpy as np

from speech2vid.dubbing.tracked_faces import TUBE_FACE_PX

_STEP_PX = 32
_MIN_PX, _MAX_PX = 128, 768
_BORDER = 0.25  # of the aligned face, on each side


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceCanvas:
    """An aligned face of `face_px` in the middle of a larger image."""

    face_px: int

    @classmethod
    def for_scale(cls, face_px: float) -> "FaceCanvas":
        """The canvas for an aligned face that covers `face_px` of the source: at least as fine, within limits."""
        rounded = int(np.ceil(face_px / _STEP_PX)) * _STEP_PX
        return cls(face_px=min(max(rounded, _MIN_PX), _MAX_PX))

    @property
    def border(self) -> int:
        """Width of the border, px."""
        return round(self.face_px * _BORDER)

    @property
    def size(self) -> int:
        """Side of the image, px."""
        return self.face_px + 2 * self.border

    def align(self, align: np.ndarray) -> np.ndarray:
        """An alignment (2, 3) to a face of TUBE_FACE_PX as one to this image; px centres are whole numbers."""
        scaled = np.asarray(align, np.float64) * self._scale
        scaled[:, 2] += self._shift
        return scaled

    def mesh(self, mesh: np.ndarray) -> np.ndarray:
        """A mesh (468, 3) in a face of TUBE_FACE_PX as one in this image, float32."""
        return (mesh * self._scale + np.array([self._shift, self._shift, 0])).astype(np.float32)

    @property
    def _scale(self) -> float:
        return self.face_px / TUBE_FACE_PX

    @property
    def _shift(self) -> float:
        return (self._scale - 1) / 2 + self.border

"""A face with its mesh."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Still:
    """An aligned face (transforms.media.canonical) and its mesh."""

    face_rgb: np.ndarray  # uint8 (S, S, 3)
    mesh_px: np.ndarray  # float32 (468, 3), px of face_rgb; depth in the same scale

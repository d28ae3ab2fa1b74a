"""What an evaluation takes: any generator of talking faces, behind one small Protocol."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from schemas.stored.clip import Clip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stills:
    """Aligned stills of one person, as the dataset stores faces."""

    faces_rgb: np.ndarray  # uint8 (N, S, S, 3)
    meshes_px: np.ndarray  # float32 (N, 468, 3), px of these faces

    def first(self) -> "Stills":
        """The first still alone."""
        return Stills(faces_rgb=self.faces_rgb[:1], meshes_px=self.meshes_px[:1])


class TalkingFace(Protocol):
    """Generates aligned faces that say a clip's audio."""

    @property
    def name(self) -> str:
        """What tables and page call it; different for each compared generator of an evaluation."""

    @property
    def sha256(self) -> str:
        """Hash of its file; of several files, their hashes with + between them."""

    @property
    def recipe(self) -> str:
        """Recipe that trained it."""

    def frames(self, num_frames: int) -> np.ndarray:
        """Frames of a clip of num_frames whose faces follow from the clip's own audio alone: int64 (K,), ascending."""

    def faces(self, stills: Stills, audio: Clip, frames: np.ndarray) -> np.ndarray:
        """Faces RGB uint8 (K, S, S, 3) at some of its frames of the audio's clip; S is the generator's own size."""

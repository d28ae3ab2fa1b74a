"""What an evaluation takes: any generator of talking faces, behind one small Protocol."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from schemas.stored.clip import Clip
from speech2vid.evaluation.canonical_size import resized_faces
from speech2vid.generation.talking_faces import to_bytes
from speech2vid.generator.file import DeblurringFile, GeneratorFile
from speech2vid.reader.audio_features import ClipAudioFeatures, frames_with_window, windows_of

_BATCH = 25


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
        """What tables and page call it; different for each generator of an evaluation."""

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


@dataclass(frozen=True, kw_only=True)
class PixelFace:
    """A generator of pixels from stills and audio windows, with the gain and deblurring that it is evaluated with."""

    network: GeneratorFile
    gain: float = 1.0
    deblurring: DeblurringFile | None = None

    @property
    def name(self) -> str:
        """See TalkingFace."""
        return self.network.name

    @property
    def sha256(self) -> str:
        """See TalkingFace."""
        return "+".join([self.network.sha256, *([self.deblurring.sha256] if self.deblurring else [])])

    @property
    def recipe(self) -> str:
        """See TalkingFace."""
        return self.network.shape.recipe

    @functools.cached_property
    def _features(self) -> ClipAudioFeatures:
        return ClipAudioFeatures(self.network.shape.audio_features)

    def frames(self, num_frames: int) -> np.ndarray:
        """See TalkingFace."""
        return frames_with_window(num_frames, self.network.shape.audio_features, self.network.shape.target_offset)

    def faces(self, stills: Stills, audio: Clip, frames: np.ndarray) -> np.ndarray:
        """See TalkingFace; too few stills are repeated."""
        shape = self.network.shape
        windows = windows_of(self._features.columns(audio), frames, shape.audio_features, shape.target_offset)[:, 0]
        chosen = np.arange(shape.num_identity) * max(len(stills.faces_rgb) // shape.num_identity, 1)
        given = resized_faces(stills.faces_rgb[chosen % len(stills.faces_rgb)], shape.still_px)
        faces = np.concatenate(
            [self.network.faces(windows[start : start + _BATCH], given) for start in range(0, len(windows), _BATCH)]
        )
        if self.gain != 1:
            mean = faces.mean(0)
            faces = mean + self.gain * (faces - mean)
        return to_bytes(faces if self.deblurring is None else self.deblurring.sharpen(faces.astype(np.float32)))


def load_talking_face(path: Path, gain: float = 1.0, deblurring: Path | None = None) -> TalkingFace:
    """Load a generator by its file; UsageError when it is something else."""
    return PixelFace(
        network=GeneratorFile(path), gain=gain, deblurring=DeblurringFile(deblurring) if deblurring else None
    )

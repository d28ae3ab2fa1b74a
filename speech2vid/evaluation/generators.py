"""The generators of this program as an evaluation takes them: see TalkingFace."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schemas.stored.clip import Clip
from speech2vid.evaluation.canonical_size import resized_faces
from speech2vid.evaluation.talking_face import Stills, TalkingFace
from speech2vid.generation.talking_faces import to_bytes
from speech2vid.generation.talking_portrait import TalkingPortrait
from speech2vid.generator.file import DeblurringFile, GeneratorFile, recipe_of
from speech2vid.motion.file import MotionFile
from speech2vid.reader.audio_features import ClipAudioFeatures, frames_with_window, windows_of
from speech2vid.rendering import painter_file
from speech2vid.rendering.painter_file import PainterFile
from speech2vid.rendering.still import Still

WARP, MOTION = "warp", "motion"
"""What is compared without a painter's file: the warp alone; and the recipe of a motion network's file."""
_STILL_PX = 256  # of a portrait's stills
_BATCH = 25


@dataclass(frozen=True, kw_only=True)
class PortraitFace:
    """Stills whose mesh is moved by the motion network, warped, and painted."""

    name: str
    motion: MotionFile
    painter: PainterFile | None  # None: the warp alone
    gain: float = 1.0  # factor on the motion

    @property
    def sha256(self) -> str:
        """See TalkingFace."""
        return "+".join([self.motion.sha256, *([self.painter.sha256] if self.painter else [])])

    @property
    def recipe(self) -> str:
        """See TalkingFace."""
        return f"{MOTION} and {self.painter.recipe}" if self.painter else MOTION

    @functools.cached_property
    def _features(self) -> ClipAudioFeatures:
        return ClipAudioFeatures(self.motion.audio_features)

    def frames(self, num_frames: int) -> np.ndarray:
        """See TalkingFace."""
        return frames_with_window(num_frames, self.motion.audio_features, self.motion.target_offset)

    def faces(self, stills: Stills, audio: Clip, frames: np.ndarray) -> np.ndarray:
        """See TalkingFace."""
        scale = _STILL_PX / stills.faces_rgb.shape[1]
        faces, meshes = resized_faces(stills.faces_rgb, _STILL_PX), _scaled(stills.meshes_px, scale)
        given = [Still(face_rgb=face, mesh_px=mesh) for face, mesh in zip(faces, meshes, strict=True)]
        columns = self._features.columns(audio)
        windows = windows_of(columns, frames, self.motion.audio_features, self.motion.target_offset)[:, 0]
        return np.stack(list(TalkingPortrait(given, self.motion, self.painter, self.gain).faces(windows)))


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


def load_evaluated(checkpoint: Path, motion: Path, gain: float, deblurring: Path | None) -> TalkingFace:
    """The generator of a painter's file with a motion network, or of a file of pixels; UsageError: it is neither."""
    if recipe_of(checkpoint) == painter_file.KIND:
        painter = PainterFile(checkpoint)
        return PortraitFace(name=painter.name, motion=MotionFile(motion), painter=painter, gain=gain)
    sharpener = DeblurringFile(deblurring) if deblurring else None
    return PixelFace(network=GeneratorFile(checkpoint), gain=gain, deblurring=sharpener)


def load_compared(spec: str, evaluated: TalkingFace, motion: Path) -> TalkingFace:
    """A generator to compare with: WARP, or a file.

    A painter goes with the motion network `motion`, a motion network with the evaluated painter. UsageError: the file
    is no generator's.
    """
    if spec == WARP:
        return PortraitFace(name="warp alone", motion=MotionFile(motion), painter=None)
    if recipe_of(Path(spec)) == MOTION:
        other = MotionFile(Path(spec))
        painter = evaluated.painter if isinstance(evaluated, PortraitFace) else None
        return PortraitFace(name=other.name, motion=other, painter=painter)
    return load_evaluated(Path(spec), motion, gain=1.0, deblurring=None)


def _scaled(meshes_px: np.ndarray, scale: float) -> np.ndarray:
    """Meshes (N, 468, 3) in px of the same faces at another size."""
    middle = np.array([0.5, 0.5, 0], np.float32)
    return ((meshes_px + middle) * scale - middle).astype(np.float32)

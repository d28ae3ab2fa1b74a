"""Generate faces from streaming audio: memory does not grow with its length."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from speech2vid.generation.driving_audio import DrivingAudio
from speech2vid.generator.file import DeblurringFile, GeneratorFile
from speech2vid.reader.audio_features import AudioFeatures, WindowStream, feature_columns

_BATCH = 25  # frames generated at once
_MAX_MEAN_FRAMES = 100


def talking_faces(
    network: GeneratorFile,
    stills_rgb: np.ndarray,
    blocks: Iterable[np.ndarray],
    num_frames: int,
    mean_face: np.ndarray | None = None,
    gain: float = 1.0,
    deblurring: DeblurringFile | None = None,
) -> Iterator[np.ndarray]:
    """Generate batches of faces RGB uint8 (B, S, S, 3), together num_frames.

    blocks: int16 samples at 16 kHz. mean_face: (S, S, 3), 0..1; a face's difference from it is multiplied by `gain`.
    A gain above 1 restores the range of movement, which training makes smaller.
    """
    for windows in _batches(audio_windows(blocks, num_frames, network.shape)):
        faces = network.faces(windows, stills_rgb)
        if mean_face is not None:
            faces = mean_face + gain * (faces - mean_face)
        if deblurring is not None:
            faces = deblurring.sharpen(faces.astype(np.float32))
        yield to_bytes(faces)


class TakesAudio(Protocol):
    """A network that takes windows of audio features."""

    @property
    def audio_features(self) -> AudioFeatures:
        """Which features."""

    @property
    def target_offset(self) -> int:
        """Column of the window at which its frame begins."""


def audio_windows(blocks: Iterable[np.ndarray], num_frames: int, shape: TakesAudio) -> Iterator[np.ndarray]:
    """Audio windows (N, C, W) of streaming blocks, together num_frames: one a frame."""
    windows = WindowStream(shape.audio_features, shape.target_offset)
    for columns in feature_columns(blocks, shape.audio_features):
        yield windows.push(columns)
    yield windows.close(num_frames)


def mean_talking_face(network: GeneratorFile, stills_rgb: np.ndarray, audio: DrivingAudio) -> np.ndarray:
    """Mean, float (S, S, 3), 0..1, of generated faces at up to 100 frames spread evenly over the audio."""
    chosen = np.unique(np.linspace(0, audio.num_frames - 1, _MAX_MEAN_FRAMES).round().astype(int))
    kept: list[np.ndarray] = []
    first = 0
    for windows in audio_windows(audio.blocks(), audio.num_frames, network.shape):
        kept.append(windows[chosen[(chosen >= first) & (chosen < first + len(windows))] - first].copy())
        first += len(windows)
    return np.concatenate([network.faces(windows, stills_rgb) for windows in _batches(kept)]).mean(0)


def to_bytes(faces: np.ndarray) -> np.ndarray:
    """Faces 0..1 as uint8."""
    return np.round(np.clip(faces, 0, 1) * 255).astype(np.uint8)


def _batches(parts: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same rows in batches of _BATCH; the last one may be smaller."""
    held: list[np.ndarray] = []
    num_held = 0
    for part in parts:
        held.append(part)
        num_held += len(part)
        while num_held >= _BATCH:
            whole = np.concatenate(held)
            yield np.ascontiguousarray(whole[:_BATCH])
            held, num_held = [whole[_BATCH:]], num_held - _BATCH
    if num_held:
        yield np.concatenate(held)

"""The audio features that a generator is conditioned on: MFCC as in the paper, or features of a speech encoder.

The paper's network learnt its audio encoder from very many speakers. A dataset of few speakers is better served by the
frozen encoder of a speech recogniser, as MuseTalk and LatentSync use Whisper's. Measured in
docs/decisions/010-audio-features-of-the-generator.md.
"""

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from schemas.clip_parts import NUM_COEFFICIENTS
from schemas.clock import COLUMNS_PER_FRAME
from schemas.errors import UsageError
from schemas.stored.clip import Clip
from speech2vid.reader.array_cache import ArrayCache
from transforms.media.mfcc import MfccStream
from transforms.speakers.speech_encoder import FEATURES_PER_FRAME, NUM_FEATURES, SpeechEncoder
from transforms.speakers.sync_network import SPEECH_BLOCK_FRAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFeatures:
    """One kind of audio features: its columns, and the window of columns that one frame is generated from."""

    name: str
    num_channels: int
    columns_per_frame: int
    window_columns: int
    target_offset: int  # default for the window's column at which the generated frame begins


MFCC = AudioFeatures(
    name="mfcc",
    num_channels=NUM_COEFFICIENTS - 1,
    columns_per_frame=COLUMNS_PER_FRAME,
    window_columns=35,
    target_offset=16,
)
"""Coefficients 1 to 12 of the preset `speech2vid`, without the loudness; a window is 0.35 s."""
SPEECH = AudioFeatures(
    name="speech", num_channels=NUM_FEATURES, columns_per_frame=FEATURES_PER_FRAME, window_columns=22, target_offset=10
)
"""Features of the speech encoder; a window is 0.44 s: five frames before the generated one and five after it."""
_MIDDLE_LAYERS = (2, 4)
MIDDLE_SPEECH = dataclasses.replace(
    SPEECH, name="speech layers 2 and 4", num_channels=NUM_FEATURES * len(_MIDDLE_LAYERS)
)
"""The same of two layers in the encoder's middle: they tell more of the lips."""
_BY_NAME = {features.name: features for features in (MFCC, SPEECH, MIDDLE_SPEECH)}


def features_named(name: str) -> AudioFeatures:
    """The audio features of this name. UsageError: there are none."""
    if name not in _BY_NAME:
        raise UsageError(f"audio features are {', '.join(_BY_NAME)}, not {name!r}")
    return _BY_NAME[name]


def feature_columns(blocks: Iterable[np.ndarray], features: AudioFeatures) -> Iterator[np.ndarray]:
    """Stream the columns, float32 (C, n >= 0), of blocks of int16 samples at 16 kHz, in bounded memory."""
    if features == MFCC:
        stream = MfccStream("speech2vid")
        return (stream.push(block)[1:] for block in blocks)
    return (columns.T for columns in speech_encoder(features.name).encode_stream(blocks))


class ClipAudioFeatures:
    """Columns of clips; those of the speech encoder, which are slow to make, are cached."""

    def __init__(self, features: AudioFeatures, cache: ArrayCache | None = None) -> None:
        """cache: None caches in memory only."""
        self._features, self._cache = features, cache or ArrayCache()

    def columns(self, clip: Clip) -> np.ndarray:
        """Columns of one clip: float32 or float16 (C, columns_per_frame T). IntegrityError: its audio is damaged."""
        if self._features == MFCC:
            return clip.mfcc[1:]
        return self._cache.get(clip.key, lambda: self._encoded(clip))

    def _encoded(self, clip: Clip) -> np.ndarray:
        return speech_encoder(self._features.name).encode(clip.samples).T.astype(np.float16)


@functools.cache
def speech_encoder(name: str) -> SpeechEncoder:
    """The speech encoder of these audio features, loaded once per process."""
    return SpeechEncoder(_MIDDLE_LAYERS, SPEECH_BLOCK_FRAMES) if name == MIDDLE_SPEECH.name else SpeechEncoder()


def frames_with_window(num_frames: int, features: AudioFeatures, target_offset: int) -> np.ndarray:
    """Frames of a clip whose whole window lies in the clip, int64 (K,)."""
    first = -(-target_offset // features.columns_per_frame)
    after = (target_offset - features.window_columns) // features.columns_per_frame
    return np.arange(first, num_frames + after + 1)


def windows_of(columns: np.ndarray, frames: np.ndarray, features: AudioFeatures, target_offset: int) -> np.ndarray:
    """The windows of these frames, which are among `frames_with_window`: float32 (K, 1, C, window_columns).

    columns: (C, columns_per_frame T).
    """
    first = features.columns_per_frame * np.asarray(frames)[:, None] - target_offset
    chosen = first + np.arange(features.window_columns)
    return np.ascontiguousarray(columns[:, chosen].swapaxes(0, 1)[:, None], dtype=np.float32)


class WindowStream:
    """Windows of every frame of streamed audio; its first and last columns are repeated beyond its ends."""

    def __init__(self, features: AudioFeatures, target_offset: int) -> None:
        """target_offset: the window's column at which its frame begins."""
        self._features, self._target_offset = features, target_offset
        self._columns: np.ndarray | None = None  # from the next frame's window on
        self._num_frames = 0

    def push(self, columns: np.ndarray) -> np.ndarray:
        """The windows, float32 (N >= 0, C, window_columns), that the next columns (C, n) complete."""
        if self._columns is None:
            if columns.shape[1] == 0:
                return self._windows(columns)
            self._columns = np.repeat(columns[:, :1], self._target_offset, axis=1)
        self._columns = np.concatenate([self._columns, columns], axis=1)
        windows = self._windows(self._columns)
        self._columns = self._columns[:, len(windows) * self._features.columns_per_frame :].copy()
        self._num_frames += len(windows)
        return windows

    def close(self, num_frames: int) -> np.ndarray:
        """The remaining windows, of `num_frames` in all."""
        left = num_frames - self._num_frames
        if left <= 0 or self._columns is None:
            return self._windows(np.empty((self._features.num_channels, 0), np.float32))
        needed = (left - 1) * self._features.columns_per_frame + self._features.window_columns
        return self._windows(np.pad(self._columns, ((0, 0), (0, needed - self._columns.shape[1])), mode="edge"))

    def _windows(self, columns: np.ndarray) -> np.ndarray:
        features = self._features
        if columns.shape[1] < features.window_columns:
            return np.empty((0, features.num_channels, features.window_columns), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(columns, features.window_columns, axis=1)
        return windows[:, :: features.columns_per_frame].transpose(1, 0, 2)

"""What a generator hears: MFCC as in the paper, or what a speech recogniser's encoder hears.

The paper's network learnt to hear from very many people. Where few people speak in the dataset, an encoder that heard
many hears better for it (MuseTalk and LatentSync take Whisper's features so): measured in
docs/decisions/010-audio-features-of-the-generator.md.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from schemas.clock import COLUMNS_PER_FRAME
from schemas.errors import UsageError
from schemas.stored.clip import Clip
from transforms.media.mfcc import NUM_COEFFICIENTS, MfccStream
from transforms.speakers.speech_encoder import FEATURES_PER_FRAME, NUM_FEATURES, SpeechEncoder

_MAX_HELD_BYTES = 256 << 20  # of one listener: two and a half hours


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFeatures:
    """Columns of audio, and the window of them that a face is made from."""

    name: str
    num_channels: int
    columns_per_frame: int
    window_columns: int
    target_offset: int  # the window's column at which the shown frame begins, where nothing else is said


MFCC = AudioFeatures(
    name="mfcc",
    num_channels=NUM_COEFFICIENTS - 1,
    columns_per_frame=COLUMNS_PER_FRAME,
    window_columns=35,
    target_offset=16,
)
"""Coefficients 1 to 12 of the preset `speech2vid`, 0.35 s: not the loudness."""
SPEECH = AudioFeatures(
    name="speech", num_channels=NUM_FEATURES, columns_per_frame=FEATURES_PER_FRAME, window_columns=22, target_offset=10
)
"""Features of the speech encoder, 0.44 s: five frames before the shown one and five after it."""
_KINDS = {kind.name: kind for kind in (MFCC, SPEECH)}


def features_named(name: str) -> AudioFeatures:
    """By name; UsageError for another."""
    if name not in _KINDS:
        raise UsageError(f"a generator hears {' or '.join(_KINDS)}, not {name!r}")
    return _KINDS[name]


def feature_columns(blocks: Iterable[np.ndarray], kind: AudioFeatures) -> Iterator[np.ndarray]:
    """Columns float32 (C, n >= 0) of int16 samples at 16 kHz that stream by; memory does not grow with their number."""
    if kind == MFCC:
        stream = MfccStream("speech2vid")
        return (stream.push(block)[1:] for block in blocks)
    return (features.T for features in speech_encoder().encode_stream(blocks))


class ClipAudioFeatures:
    """Columns of clips. What takes long is kept while there is room; another process begins with nothing."""

    def __init__(self, kind: AudioFeatures) -> None:
        self._kind = kind
        self._heard: dict[str, np.ndarray] = {}
        self._held_bytes = 0

    def __reduce__(self) -> tuple:
        return ClipAudioFeatures, (self._kind,)

    def columns(self, clip: Clip) -> np.ndarray:
        """float32 or float16 (C, columns_per_frame T). IntegrityError: the clip's audio is damaged."""
        if self._kind == MFCC:
            return clip.mfcc[1:]
        if clip.key in self._heard:
            return self._heard[clip.key]
        heard = speech_encoder().encode(clip.samples).T.astype(np.float16)
        if self._held_bytes + heard.nbytes <= _MAX_HELD_BYTES:
            self._heard[clip.key] = heard
            self._held_bytes += heard.nbytes
        return heard


@functools.cache
def speech_encoder() -> SpeechEncoder:
    """One for each process."""
    return SpeechEncoder()


def frames_with_window(num_frames: int, kind: AudioFeatures, target_offset: int) -> np.ndarray:
    """Frames of a clip whose window lies wholly in it, int64."""
    first = -(-target_offset // kind.columns_per_frame)
    after = (target_offset - kind.window_columns) // kind.columns_per_frame
    return np.arange(first, num_frames + after + 1)


def windows_of(columns: np.ndarray, frames: np.ndarray, kind: AudioFeatures, target_offset: int) -> np.ndarray:
    """What the network hears for these frames, those of `frames_with_window`: float32 (K, 1, C, window_columns).

    columns: (C, columns_per_frame T).
    """
    chosen = kind.columns_per_frame * np.asarray(frames)[:, None] - target_offset + np.arange(kind.window_columns)
    return np.ascontiguousarray(columns[:, chosen].swapaxes(0, 1)[:, None], dtype=np.float32)


class WindowStream:
    """Windows of every frame of audio whose columns arrive in pieces; beyond its ends the last column is repeated."""

    def __init__(self, kind: AudioFeatures, target_offset: int) -> None:
        self._kind, self._target_offset = kind, target_offset
        self._columns: np.ndarray | None = None  # from the next frame's window on
        self._num_frames = 0

    def push(self, columns: np.ndarray) -> np.ndarray:
        """Windows float32 (N >= 0, C, window_columns) that these columns (C, n) complete."""
        if self._columns is None:
            if columns.shape[1] == 0:
                return self._windows(columns)
            self._columns = np.repeat(columns[:, :1], self._target_offset, axis=1)
        self._columns = np.concatenate([self._columns, columns], axis=1)
        windows = self._windows(self._columns)
        self._columns = self._columns[:, len(windows) * self._kind.columns_per_frame :].copy()
        self._num_frames += len(windows)
        return windows

    def close(self, num_frames: int) -> np.ndarray:
        """The windows that are left of `num_frames` in all."""
        left = num_frames - self._num_frames
        if left <= 0 or self._columns is None:
            return self._windows(np.empty((self._kind.num_channels, 0), np.float32))
        needed = (left - 1) * self._kind.columns_per_frame + self._kind.window_columns
        return self._windows(np.pad(self._columns, ((0, 0), (0, needed - self._columns.shape[1])), mode="edge"))

    def _windows(self, columns: np.ndarray) -> np.ndarray:
        kind = self._kind
        if columns.shape[1] < kind.window_columns:
            return np.empty((0, kind.num_channels, kind.window_columns), np.float32)
        every = np.lib.stride_tricks.sliding_window_view(columns, kind.window_columns, axis=1)
        return every[:, :: kind.columns_per_frame].transpose(1, 0, 2)

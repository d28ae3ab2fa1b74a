"""Fingerprint of a clip: what is said and how the lips move, 100 characters a second, whatever the encoding.

Twelve and a half times a second: eight numbers of the spectrum's shape in the telephone band, and four distances of
the lips. They are the same for a face and its mirror image, and do not follow loudness, image size or pose. Each is
relative to its mean and standard deviation over the clip, in thirds of the latter, so that half a byte holds it.
"""

import base64
from dataclasses import dataclass

import numpy as np
import scipy

from schemas.clock import FRAME_RATE
from transforms.media.canonical import MESH_UNIT
from transforms.media.mfcc import log_mel

HOP_FRAMES = 2
"""Frames from one step of a fingerprint to the next."""
STEPS_PER_S = FRAME_RATE / HOP_FRAMES
NUM_AUDIO, NUM_LIPS = 8, 4
VERSION = "a"
"""First character of a fingerprint."""

_COLUMNS_PER_STEP = 4 * HOP_FRAMES  # of the log-mel, 100 a second
_SMOOTHING_S = 0.06  # standard deviation: what changes faster cannot be told 12.5 times a second
_NUM_BANDS, _LOW_HZ, _HIGH_HZ = 24, 100.0, 3800.0
_COMPRESSION = 1 / 3  # of energies: faint parts, which codecs change, count little
_LIP_PAIRS = np.array([[13, 14], [61, 291], [0, 17], [1, 152]])  # inner lips, corners, outer lips, nose to chin
_STEPS_PER_SD, _MAX_STEP = 3, 7
_STILL = 1e-4  # standard deviation of what does not move


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fingerprint:
    """A decoded fingerprint of N steps."""

    audio: np.ndarray  # int8 (N, 8), thirds of a standard deviation, -7..7
    lips: np.ndarray  # int8 (N, 4), likewise


def clip_fingerprint(samples: np.ndarray, mesh: np.ndarray) -> str:
    """Fingerprint of a clip, as the clips table has it.

    samples: int16 (640 T,), 16 kHz. mesh: (T, 468, 3) in the stored face, as KEY.mesh.npy has it.
    """
    num_steps = len(mesh) // HOP_FRAMES
    audio = _in_steps(_audio_series(samples), _COLUMNS_PER_STEP, num_steps)
    lips = _in_steps(_lip_series(mesh), HOP_FRAMES, num_steps)
    nibbles = np.concatenate([audio, lips], axis=1) + _MAX_STEP + 1
    packed = (nibbles[:, ::2] << 4 | nibbles[:, 1::2]).astype(np.uint8)
    return VERSION + base64.b64encode(packed.tobytes()).decode()


def read_fingerprint(text: str) -> Fingerprint:
    """The numbers of a fingerprint. ValueError: it is none."""
    width = (NUM_AUDIO + NUM_LIPS) // 2
    try:
        packed = np.frombuffer(base64.b64decode(text[1:], validate=True), np.uint8)
    except ValueError:
        packed = None
    if text[:1] != VERSION or packed is None or len(packed) % width:
        raise ValueError(f"a fingerprint is {VERSION!r} and base64 of {width} bytes a step, not {text[:20]!r}")
    both = np.stack([packed >> 4, packed & 15], axis=1).astype(np.int8).reshape(-1, 2 * width) - (_MAX_STEP + 1)
    return Fingerprint(audio=both[:, :NUM_AUDIO], lips=both[:, NUM_AUDIO:])


def _audio_series(samples: np.ndarray) -> np.ndarray:
    """Shape of the spectrum, 100 times a second: (4 T, 8)."""
    bands = np.exp(_COMPRESSION * log_mel(samples, _NUM_BANDS, _LOW_HZ, _HIGH_HZ).T.astype(np.float64))
    return scipy.fft.dct(bands, axis=1, norm="ortho")[:, :NUM_AUDIO]


def _lip_series(mesh: np.ndarray) -> np.ndarray:
    """Distances of the lips in the stored face, each frame: (T, 4), the face's side is 1."""
    points = np.asarray(mesh)[:, _LIP_PAIRS].astype(np.float64) / MESH_UNIT
    return np.linalg.norm(points[:, :, 0] - points[:, :, 1], axis=2)


def _in_steps(series: np.ndarray, per_step: int, num_steps: int) -> np.ndarray:
    """A series (per_step N, C) smoothed, at the middle of each step, relative to its own spread: int (N, C), -7..7."""
    if not num_steps:
        return np.zeros((0, series.shape[1]), np.int64)
    rate = per_step * STEPS_PER_S
    smooth = scipy.ndimage.gaussian_filter1d(series, _SMOOTHING_S * rate, axis=0, mode="nearest")
    middle = per_step // 2
    values = (smooth[middle - 1 :: per_step][:num_steps] + smooth[middle::per_step][:num_steps]) / 2
    values = values - values.mean(axis=0)
    spread = np.maximum(values.std(axis=0), _STILL)
    return np.clip(np.round(values / spread * _STEPS_PER_SD), -_MAX_STEP, _MAX_STEP).astype(np.int64)

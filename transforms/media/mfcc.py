"""MFCC as Speech2Vid and as SyncNet define it, streamed or whole, and the sync network's log-mel.

The two presets differ in window, spectrum, filter bank and last frame: a network trained on one cannot use the other.
"""

import functools

import numpy as np
import scipy
from numpy.lib.stride_tricks import sliding_window_view

from schemas.clip_parts import NUM_COEFFICIENTS
from schemas.clock import COLUMNS_PER_FRAME, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from schemas.errors import UsageError

PRESETS = ("speech2vid", "syncnet")

_WINDOW_SAMPLES = 400  # 25 ms
_HOP_SAMPLES = 160  # 10 ms
_FFT_SIZE = 512
_PRE_EMPHASIS = 0.97
_FULL_SCALE = 32768.0
_BLOCK_SAMPLES = 4096 * _HOP_SAMPLES  # bounds memory, whatever the signal's length
# The authors' code has no floor and gives -inf for digital silence. This floor lies below the energy of any non-zero
# float32 sample, so it changes no finite value. Silence gives c0 = -927 and zeros, up to rounding.
_SILENCE_FLOOR = 1e-45
_LIFTER = 1 + 11 * np.sin(np.pi * np.arange(NUM_COEFFICIENTS) / 22)


def mfcc(samples: np.ndarray, preset: str) -> np.ndarray:
    """MFCC of a whole signal, by a literal preset.

    samples: (n,) at 16 kHz, int16 or float in -1..1. Returns float32 (13, N), 100 columns a second; column i begins at
    sample 160 i. `speech2vid` leaves out the last partial window, `syncnet` pads it with zeros.
    """
    stream = MfccStream(preset)
    blocks = [stream.push(samples[start : start + _BLOCK_SAMPLES]) for start in range(0, len(samples), _BLOCK_SAMPLES)]
    return np.concatenate([*blocks, stream.close()], axis=1)


def clip_mfcc(samples: np.ndarray) -> np.ndarray:
    """MFCC stored with a clip: `speech2vid` of its samples and 240 zeros, which complete the last window.

    samples: int16 (640 T,). Returns float32 (13, 4 T).
    """
    if samples.dtype != np.int16 or samples.ndim != 1 or len(samples) % SAMPLES_PER_FRAME:
        raise ValueError(f"a clip has int16 (640 T,) samples, not {samples.dtype} {samples.shape}")
    padding = np.zeros(_WINDOW_SAMPLES - _HOP_SAMPLES, np.int16)
    columns = mfcc(np.concatenate([samples, padding]), "speech2vid")
    assert columns.shape[1] == COLUMNS_PER_FRAME * (len(samples) // SAMPLES_PER_FRAME)
    return columns


def log_mel(
    samples: np.ndarray, num_bands: int = 40, low_hz: float = 80.0, high_hz: float = 7600.0, floor: float = 1.0
) -> np.ndarray:
    """Log mel energies for the sync network: Hamming window, power / 512, no pre-emphasis.

    samples: (n,) at 16 kHz, int16 or float in -1..1. Returns float32 (num_bands, n // 160): column i is centred on
    sample 160 i + 80; samples beyond the ends count as zeros. `floor` is the lowest energy; 1 is about
    104 dB below a full-scale tone, so that digital silence (log 1 = 0) and 16-bit noise look alike.
    """
    num_columns = len(samples) // _HOP_SAMPLES
    margin = (_WINDOW_SAMPLES - _HOP_SAMPLES) // 2
    padded = np.pad(_int16_scale(samples), margin)
    columns = np.empty((num_bands, num_columns), np.float32)
    bank = exact_triangles(num_bands, low_hz, high_hz)
    for start in range(0, num_columns, 4096):
        stop = min(start + 4096, num_columns)
        part = padded[start * _HOP_SAMPLES : (stop - 1) * _HOP_SAMPLES + _WINDOW_SAMPLES]
        power = np.abs(scipy.fft.rfft(_windows(part) * _hamming(), _FFT_SIZE)) ** 2 / _FFT_SIZE
        columns[:, start:stop] = np.log(np.maximum(power @ bank.T, floor)).T
    return columns


class MfccStream:
    """`mfcc` of a signal that arrives in blocks: the columns of all calls together are those of the whole signal."""

    def __init__(self, preset: str) -> None:
        """Begin a signal; UsageError: the preset is unknown."""
        if preset not in PRESETS:
            raise UsageError(f"preset must be speech2vid or syncnet, not {preset!r}")
        self._preset = preset
        self._last_sample = 0.0
        self._emphasised = np.empty(0)  # pre-emphasised samples from the next window's first one on
        self._has_columns = False

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Columns, float32 (13, N >= 0), that these samples complete. samples: (n,), int16 or float in -1..1."""
        signal = _int16_scale(samples)
        if len(signal) == 0:
            return self._columns_of(np.empty((0, _WINDOW_SAMPLES)))
        previous = np.concatenate([[self._last_sample], signal[:-1]])
        self._last_sample = signal[-1]
        self._emphasised = np.concatenate([self._emphasised, signal - _PRE_EMPHASIS * previous])
        windows = _windows(self._emphasised)
        is_silent = not self._emphasised.any()
        self._emphasised = self._emphasised[len(windows) * _HOP_SAMPLES :].copy()
        if is_silent and len(windows):  # where the clock of a file jumps by hours, these are silence
            return np.repeat(self._columns_of(windows[:1]), len(windows), axis=1)
        return self._columns_of(windows)

    def close(self) -> np.ndarray:
        """Columns, float32 (13, 0 or 1), of the last partial window."""
        # Samples that were in the last whole window need no column of their own.
        seen = _WINDOW_SAMPLES - _HOP_SAMPLES if self._has_columns else 0
        num_left = len(self._emphasised)
        if self._preset == "speech2vid" or num_left <= seen:
            return self._columns_of(np.empty((0, _WINDOW_SAMPLES)))
        return self._columns_of(np.pad(self._emphasised, (0, _WINDOW_SAMPLES - num_left))[None])

    def _columns_of(self, windows: np.ndarray) -> np.ndarray:
        self._has_columns = self._has_columns or len(windows) > 0
        columns = _speech2vid_columns if self._preset == "speech2vid" else _syncnet_columns
        return columns(windows).T.astype(np.float32)


@functools.cache
def exact_triangles(num_bands: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Triangles on exact frequencies, mel = 1127 ln(1 + f/700). Returns float64 (num_bands, 257), read-only."""
    mel = np.linspace(1127 * np.log1p(low_hz / 700), 1127 * np.log1p(high_hz / 700), num_bands + 2)
    corners = 700 * np.expm1(mel / 1127)
    return _triangles(corners, np.arange(_FFT_SIZE // 2 + 1) * SAMPLE_RATE_HZ / _FFT_SIZE)


@functools.cache
def _rounded_triangles(num_bands: int) -> np.ndarray:
    """Triangles on rounded FFT bins, 0..8000 Hz, mel = 2595 log10(1 + f/700). Returns float64 (num_bands, 257)."""
    mel = np.linspace(0, 2595 * np.log10(1 + SAMPLE_RATE_HZ / 2 / 700), num_bands + 2)
    corners = np.floor((_FFT_SIZE + 1) * 700 * (10 ** (mel / 2595) - 1) / SAMPLE_RATE_HZ)
    return _triangles(corners, np.arange(_FFT_SIZE // 2 + 1))


def _triangles(corners: np.ndarray, positions: np.ndarray) -> np.ndarray:
    low, peak, high = (corners[i : len(corners) - 2 + i, None] for i in range(3))
    bank = np.maximum(0, np.minimum((positions - low) / (peak - low), (high - positions) / (high - peak)))
    bank.setflags(write=False)
    return bank


@functools.cache
def _hamming() -> np.ndarray:
    return np.hamming(_WINDOW_SAMPLES)


@functools.cache
def _htk_dct(num_bands: int) -> np.ndarray:
    """sqrt(2/M) cos(pi k (m - 1/2) / M): float64 (13, M). Unlike the orthonormal DCT, row 0 is not halved in power."""
    k, m = np.arange(NUM_COEFFICIENTS)[:, None], np.arange(1, num_bands + 1)
    return np.sqrt(2 / num_bands) * np.cos(np.pi * k * (m - 0.5) / num_bands)


def _speech2vid_columns(windows: np.ndarray) -> np.ndarray:
    magnitude = np.abs(scipy.fft.rfft(windows * _hamming(), _FFT_SIZE))
    energies = np.maximum(magnitude @ exact_triangles(40, 300.0, 3700.0).T, _SILENCE_FLOOR)
    return np.log(energies) @ _htk_dct(40).T * _LIFTER


def _syncnet_columns(windows: np.ndarray) -> np.ndarray:
    power = np.abs(scipy.fft.rfft(windows, _FFT_SIZE)) ** 2 / _FFT_SIZE
    columns = scipy.fft.dct(_log_of_nonzero(power @ _rounded_triangles(26).T), type=2, norm="ortho", axis=1)
    columns = columns[:, :NUM_COEFFICIENTS] * _LIFTER
    columns[:, 0] = _log_of_nonzero(power.sum(axis=1))
    return columns


def _log_of_nonzero(energies: np.ndarray) -> np.ndarray:
    return np.log(np.where(energies == 0, np.finfo(float).eps, energies))


def _windows(signal: np.ndarray) -> np.ndarray:
    """Whole windows of the signal, one every hop: (N, 400), a view."""
    if len(signal) < _WINDOW_SAMPLES:
        return np.empty((0, _WINDOW_SAMPLES))
    return sliding_window_view(signal, _WINDOW_SAMPLES)[::_HOP_SAMPLES]


def _int16_scale(samples: np.ndarray) -> np.ndarray:
    if samples.ndim != 1:
        raise ValueError(f"samples must be mono, (n,), not {samples.shape}")
    if samples.dtype == np.int16:
        return samples.astype(np.float64)
    if np.issubdtype(samples.dtype, np.floating):
        return samples.astype(np.float64) * _FULL_SCALE
    raise TypeError(f"samples must be int16, or float in -1..1, not {samples.dtype}")

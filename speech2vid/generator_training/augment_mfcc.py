"""Augmentation of MFCC windows: other voices, microphones and rooms that say the same.

Coefficients 1 to 12 are a linear map of the smoothed log-mel spectrum without its level, so a warped filter bank is
one matrix and an equaliser one offset. Shapes: B windows, K coefficients, T columns, M bands.
"""

import functools

import numpy as np
import torch
from torch import Tensor

from speech2vid.reader.audio_features import MFCC

_NUM_BANDS = 40
_WARP, _MAX_SHIFT = 0.1, 1.0  # relative stretch of the bands' axis; shift in bands
_EQUALISER, _NUM_CORNERS = 1.0, 6  # natural log units
_NOISE = (0.0, 0.5)  # natural log units
_LOUDNESS = (0.7, 1.15)  # noise flattens a spectrum


def augment_mfcc(mfcc_B1KT: Tensor) -> Tensor:
    """Augment each window on its own, all its columns alike but for noise. Draws from torch's random numbers."""
    analysis_KM, synthesis_MK = (matrix.to(mfcc_B1KT.device) for matrix in _cosines())
    num_windows = len(mfcc_B1KT)
    bands_BMT = synthesis_MK @ mfcc_B1KT[:, 0]
    bands_BMT = _warps(num_windows, mfcc_B1KT.device) @ bands_BMT
    bands_BMT = bands_BMT * _uniform(*_LOUDNESS, num_windows, mfcc_B1KT.device)[:, None, None]
    bands_BMT = bands_BMT + _equalisers(num_windows, mfcc_B1KT.device)[:, :, None]
    strength = _uniform(*_NOISE, num_windows, mfcc_B1KT.device)[:, None, None]
    return (analysis_KM @ (bands_BMT + strength * torch.randn_like(bands_BMT)))[:, None]


@functools.cache
def _cosines() -> tuple[Tensor, Tensor]:
    """Matrices from bands to liftered coefficients 1 to 12, and back: float32 (12, 40) and (40, 12)."""
    order, band = np.arange(1, MFCC.num_channels + 1)[:, None], np.arange(_NUM_BANDS)[None] + 0.5
    cosines = np.sqrt(2 / _NUM_BANDS) * np.cos(np.pi * order * band / _NUM_BANDS)
    lifter = 1 + 11 * np.sin(np.pi * order / 22)
    analysis, synthesis = lifter * cosines, (cosines / lifter).T
    return torch.from_numpy(analysis.astype(np.float32)), torch.from_numpy(synthesis.astype(np.float32))


def _warps(num_windows: int, device: torch.device) -> Tensor:
    """Matrices (B, M, M) that take each band from a little higher or lower, interpolated between two bands."""
    bands = torch.arange(_NUM_BANDS, dtype=torch.float32, device=device)
    stretch = 1 + _uniform(-_WARP, _WARP, num_windows, device)[:, None]
    read_BM = bands * stretch + _uniform(-_MAX_SHIFT, _MAX_SHIFT, num_windows, device)[:, None]
    read_BM = read_BM.clamp(0, _NUM_BANDS - 1)
    return (1 - (read_BM[:, :, None] - bands).abs()).clamp(min=0)


def _equalisers(num_windows: int, device: torch.device) -> Tensor:
    """Smooth random gains over the bands (B, M)."""
    corners_B1C = torch.randn(num_windows, 1, _NUM_CORNERS, device=device) * _EQUALISER
    return torch.nn.functional.interpolate(corners_B1C, _NUM_BANDS, mode="linear", align_corners=True)[:, 0]


def _uniform(low: float, high: float, num: int, device: torch.device) -> Tensor:
    return torch.empty(num, device=device).uniform_(low, high)

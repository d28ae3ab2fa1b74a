"""How near pixels are to the true ones."""

from dataclasses import dataclass

import numpy as np
from skimage.metrics import structural_similarity

from transforms.media.canonical import mouth_window

PIXELS_EVERY = 5  # frames: neighbours say the same


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelScores:
    """Means over frames; of the mean squared errors the unit is grey levels squared."""

    mse: float
    mouth_mse: float
    psnr_db: float | None  # None: equal to the bit
    ssim: float


def score_pixels(shown: np.ndarray, true: np.ndarray) -> PixelScores:
    """Scores of faces RGB uint8 (N >= 1, S, S, 3) against the true ones."""
    squared = (shown.astype(np.float64) - true) ** 2
    rows, columns = mouth_window(shown.shape[1])
    mse = squared.mean((1, 2, 3))
    ssim = [
        structural_similarity(one, other, channel_axis=2, data_range=255)
        for one, other in zip(shown, true, strict=True)
    ]
    return PixelScores(
        mse=float(mse.mean()),
        mouth_mse=float(squared[:, rows, columns].mean()),
        psnr_db=float(np.mean(10 * np.log10(255**2 / mse))) if mse.all() else None,
        ssim=float(np.mean(ssim)),
    )

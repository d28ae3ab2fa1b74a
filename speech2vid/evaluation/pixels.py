"""Pixel metrics of faces against the true ones."""

from dataclasses import dataclass

import numpy as np
from skimage.metrics import structural_similarity

from transforms.media.canonical import mouth_window

PIXELS_EVERY = 5  # frames: neighbouring frames give nearly the same numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelScores:
    """Means over frames; mean squared errors are in grey levels squared."""

    mse: float
    mouth_mse: float
    psnr_db: float | None  # None: a frame equals the true one in every pixel
    ssim: float


def score_pixels(faces_rgb: np.ndarray, true_rgb: np.ndarray) -> PixelScores:
    """Scores of faces RGB uint8 (N >= 1, S, S, 3) against the true ones."""
    squared = (faces_rgb.astype(np.float64) - true_rgb) ** 2
    rows, columns = mouth_window(faces_rgb.shape[1])
    mse = squared.mean((1, 2, 3))
    ssim = [
        structural_similarity(face, true, channel_axis=2, data_range=255)
        for face, true in zip(faces_rgb, true_rgb, strict=True)
    ]
    return PixelScores(
        mse=float(mse.mean()),
        mouth_mse=float(squared[:, rows, columns].mean()),
        psnr_db=float(np.mean(10 * np.log10(255**2 / mse))) if mse.all() else None,
        ssim=float(np.mean(ssim)),
    )

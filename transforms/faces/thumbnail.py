"""A small copy of an image, and how alike two are: what is compared to find where shots begin and blend."""

import cv2
import numpy as np

from transforms.media.shrink import shrink

_WIDTH = 160  # px; a change of colour over the whole image needs no more
_SAMPLED_SIDE = 360  # px; of larger images only every second, third ... pixel is read
_FLAT = 20.0  # grey levels; gradients well below this are noise


def thumbnail(rgb: np.ndarray) -> np.ndarray:
    """BGR uint8 (h, w, 3), at most 160 px wide, of an RGB image."""
    height, width = rgb.shape[:2]
    step = max(1, min(height, width) // _SAMPLED_SIDE)
    if step > 1:
        rgb = cv2.resize(rgb, (width // step, height // step), interpolation=cv2.INTER_NEAREST)
    small_width = min(_WIDTH, width)
    return cv2.cvtColor(shrink(rgb, (small_width, max(1, round(height * small_width / width)))), cv2.COLOR_RGB2BGR)


def grey_levels(bgr: np.ndarray) -> np.ndarray:
    """Grey levels uint8 (h, w) of a thumbnail."""
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)


def edge_similarity(grey_a: np.ndarray, grey_b: np.ndarray) -> float:
    """How alike the edges of two images (h, w) are, -1..1, whatever their light and contrast; 0 where one is flat."""
    a, b = _edges(grey_a), _edges(grey_b)
    power = float((a * a).sum()) * float((b * b).sum())
    return float((a * b).sum()) / power**0.5 if power > 0 else 0.0


def _edges(grey: np.ndarray) -> np.ndarray:
    """Gradient of each pixel, float32 (2, h, w), of length 0 (flat) to 1 (a strong edge)."""
    gradient = np.stack([cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)])
    return gradient / (np.hypot(*gradient) + _FLAT)

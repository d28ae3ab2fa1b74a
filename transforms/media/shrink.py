"""Smaller copies of images: halved by area as often as that fits, the rest bilinear.

OpenCV's INTER_AREA is 5 to 15 times as slow at any factor but 2, and INTER_LINEAR alone would skip pixels.
"""

import cv2
import numpy as np


def num_halvings(factor: float) -> int:
    """How often an image is halved before it is made smaller by `factor` in all; the rest is less than 2."""
    return max(0, int(np.floor(np.log2(max(factor, 1.0)))))


def halved(image: np.ndarray, times: int) -> np.ndarray:
    """The image with half of its sides, `times` times, by area; an odd last row or column is left out."""
    for _ in range(times):
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return image


def shrink(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The image at another size (width, height); enlarged bilinearly where it is smaller."""
    times = num_halvings(min(image.shape[1] / size[0], image.shape[0] / size[1]))
    return cv2.resize(halved(image, times), size, interpolation=cv2.INTER_LINEAR)

"""The published SyncNet's image input: 224 px squares around a face's box, five frames at a time."""

from collections.abc import Iterator

import cv2
import numpy as np
import scipy
from numpy.lib.stride_tricks import sliding_window_view

from transforms.media.canonical import FILL_VALUE, invert_affine
from transforms.media.tubes import FaceTube
from transforms.speakers.syncnet_layout import CROP_PX, WINDOW_FRAMES

GROWTH = 0.40
_SMOOTHING_FRAMES = 13
_BATCH = 8  # windows embedded at once: each takes 5 MB in the first layer


def crop_squares(boxes_xyxy: np.ndarray) -> np.ndarray:
    """Left, top and side of the square cut around each box, float64 (T, 3), px; boxes (T, 4).

    The box is made square around its centre and smoothed over time, then extended by 0.40 of its half side on the left
    and right and by 0.80 below, as in the released program; so the face lies in the upper middle. The ends are smoothed
    with their own values repeated, where the released program pads with zeros.
    """
    boxes = np.asarray(boxes_xyxy, np.float64)
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(1, keepdims=True) / 2
    smooth = scipy.ndimage.median_filter(np.concatenate([centre, half], 1), size=(_SMOOTHING_FRAMES, 1), mode="nearest")
    x, y, half_side = smooth.T
    return np.stack([x - (1 + GROWTH) * half_side, y - half_side, 2 * (1 + GROWTH) * half_side], 1)


def syncnet_crop(crop_rgb: np.ndarray, crop_to_source: np.ndarray, square: np.ndarray) -> np.ndarray:
    """BGR uint8 (224, 224, 3) of a square (left, top, side; source px); FILL_VALUE beyond the tube's crop."""
    scale = square[2] / CROP_PX
    to_source = np.array([[scale, 0, square[0] + scale / 2 - 0.5], [0, scale, square[1] + scale / 2 - 0.5], [0, 0, 1]])
    to_crop = invert_affine(np.asarray(crop_to_source, np.float64)[None])[0] @ to_source
    square_rgb = cv2.warpAffine(
        crop_rgb,
        to_crop,
        (CROP_PX, CROP_PX),
        borderValue=(FILL_VALUE,) * 3,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return square_rgb[..., ::-1]


def face_windows(tube: FaceTube) -> Iterator[np.ndarray]:
    """The T - 4 windows of a tube in batches, float32 (N <= 8, 15, 224, 224), 0..255; decodes a batch at a time."""
    squares, frames = crop_squares(tube.boxes_xyxy), []
    for frame, (to_source, square) in enumerate(zip(tube.crop_to_source, squares, strict=True)):
        frames.append(syncnet_crop(tube.crop(frame), to_source, square))
        if len(frames) == _BATCH + WINDOW_FRAMES - 1 or (frame == len(squares) - 1 and len(frames) >= WINDOW_FRAMES):
            windows = sliding_window_view(np.stack(frames), WINDOW_FRAMES, axis=0)  # (N, y, x, colour, frame)
            yield windows.transpose(0, 3, 4, 1, 2).reshape(len(windows), -1, CROP_PX, CROP_PX).astype(np.float32)
            del frames[:_BATCH]

"""A square cut-out around one face, never enlarged, as a JPEG with the affine map back to its source frame."""

from dataclasses import dataclass

import cv2
import numpy as np

from transforms.media.canonical import FILL_VALUE, CanonicalFace, five_points
from transforms.media.shrink import num_halvings, shrink

REACH = 1.5
"""Side of the cut-out over the side of the canonical crop: leaves room for a turned head and for smoothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceCrop:
    """One frame of a face tube."""

    jpeg: bytes
    to_source: np.ndarray  # float64 (2, 3): crop px -> source px


def face_square(mesh: np.ndarray, canonical: CanonicalFace) -> tuple[float, float, float]:
    """Centre x, y and side, px, of a square around the face of a mesh (468, 3) that holds the canonical crop."""
    affine = canonical.fit(five_points(mesh[None])[:, :3])[0]
    scale = float(np.hypot(affine[0, 0], affine[1, 0]))
    middle = np.full(2, (canonical.image_px - 1) / 2)
    centre = affine[:, :2].T @ (middle - affine[:, 2]) / max(scale, 1e-6) ** 2  # a similarity transform, inverted
    return float(centre[0]), float(centre[1]), REACH * canonical.image_px / max(scale, 1e-6)


def cut_face(rgb: np.ndarray, square: tuple[float, float, float], max_side: int, quality: int) -> FaceCrop:
    """Cut a square (centre x, y, side) out of an RGB image; outside the image it is filled with FILL_VALUE."""
    times = num_halvings(square[2] / max_side)
    side = max(8, round(square[2] / 2**times) * 2**times)
    left, top = round(square[0] - side / 2), round(square[1] - side / 2)
    pixels = _padded(rgb, left, top, side)
    factor = min(1.0, max_side / side)
    if factor < 1.0:
        pixels = shrink(pixels, (max_side, max_side))
        factor = max_side / side
    to_source = np.array([[1 / factor, 0, left + 0.5 / factor - 0.5], [0, 1 / factor, top + 0.5 / factor - 0.5]])
    return FaceCrop(jpeg=encode_jpeg(pixels, quality), to_source=to_source)


def encode_jpeg(rgb: np.ndarray, quality: int) -> bytes:
    """JPEG bytes of an RGB image, 4:4:4."""
    parameters = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), parameters)
    return encoded.tobytes()


def decode_jpeg(jpeg: bytes | np.ndarray) -> np.ndarray:
    """RGB uint8 (H, W, 3) of JPEG bytes; ValueError where they are none."""
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError("these bytes do not decode as a JPEG")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def sharpness(face_rgb: np.ndarray) -> float:
    """Variance of the Laplacian of the face's grey levels, at 112 px."""
    grey = cv2.cvtColor(cv2.resize(face_rgb, (112, 112), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def _padded(rgb: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """A square of the image, with FILL_VALUE outside the image."""
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if (x1, y1, x2, y2) == (left, top, left + side, top + side):
        return rgb[y1:y2, x1:x2]
    canvas = np.full((side, side, 3), FILL_VALUE, np.uint8)
    if x2 > x1 and y2 > y1:
        canvas[y1 - top : y2 - top, x1 - left : x2 - left] = rgb[y1:y2, x1:x2]
    return canvas

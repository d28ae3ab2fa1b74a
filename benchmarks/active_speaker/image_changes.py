"""Image changes that keep lips and audio in sync; other frame rates and bit rates are made by re-encoding a file."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

from schemas.clock import FRAME_RATE
from schemas.records import FaceTrack
from transforms.media.face_crop import decode_jpeg, encode_jpeg

AS_IS = "as it is"
_MAX_ENLARGEMENT = 1.1
_TURN_DEG, _CROP_REACH = 10, 0.6
_TICKS = 90_000

Change = Callable[[np.ndarray, FaceTrack], np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """Re-encoding as a file."""

    rate: int  # images a second
    crf: int  # H.264 constant rate factor: 4 looks unchanged, 38 is poor


def mirrored(rgb: np.ndarray, track: FaceTrack) -> np.ndarray:
    """Mirrored left to right."""
    return rgb[:, ::-1].copy()


def lit(rgb: np.ndarray, track: FaceTrack, *, gain: float) -> np.ndarray:
    """Brighter or darker."""
    return cv2.convertScaleAbs(rgb, alpha=gain)


def scaled(rgb: np.ndarray, track: FaceTrack, *, factor: float) -> np.ndarray:
    """Smaller or larger."""
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=interpolation)


def cropped(rgb: np.ndarray, track: FaceTrack) -> np.ndarray:
    """Cropped to the surroundings of the face over its whole track."""
    boxes = np.array(track.row.boxes_xyxy)
    reach = _CROP_REACH * (boxes[:, 2:] - boxes[:, :2]).max()
    x1, y1 = np.maximum(boxes[:, :2].min(0) - reach, 0).astype(int)
    x2, y2 = (boxes[:, 2:].max(0) + reach).astype(int)
    return rgb[y1:y2, x1:x2].copy()


def turned(rgb: np.ndarray, track: FaceTrack) -> np.ndarray:
    """Rotated around the face, clockwise."""
    x1, y1, x2, y2 = track.row.box_xyxy
    turn = cv2.getRotationMatrix2D(((x1 + x2) / 2, (y1 + y2) / 2), -_TURN_DEG, 1.0)
    return cv2.warpAffine(rgb, turn, rgb.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


def jpeg_damaged(rgb: np.ndarray, track: FaceTrack, *, quality: int) -> np.ndarray:
    """Compressed as a JPEG of low quality."""
    return decode_jpeg(encode_jpeg(rgb, quality))


def with_face_of(rgb: np.ndarray, track: FaceTrack, *, face_px: float) -> np.ndarray:
    """Scaled so that the face has the given size."""
    return scaled(rgb, track, factor=face_px / track.row.face_source_px)


CHANGES: dict[str, Change] = {
    AS_IS: lambda rgb, track: rgb,
    "mirrored": mirrored,
    "brighter": partial(lit, gain=1.3),
    "darker": partial(lit, gain=0.6),
    "scaled to 0.75": partial(scaled, factor=0.75),
    "cropped": cropped,
    "turned by 10 degrees": turned,
    "JPEG quality 20": partial(jpeg_damaged, quality=20),
}
FACE_SIZES: dict[str, float] = {f"face of {size} px": float(size) for size in (40, 60, 100, 200)}
REWRITINGS: dict[str, Rewriting] = {"H.264 at CRF 38": Rewriting(rate=FRAME_RATE, crf=38)} | {
    f"{rate} frames/s": Rewriting(rate=rate, crf=4) for rate in (15, 24, 30, 60)
}


def changes_of(track: FaceTrack) -> dict[str, Change]:
    """Changes for which this face is large enough: none enlarges it by more than a tenth."""
    sizes = {
        name: partial(with_face_of, face_px=size)
        for name, size in FACE_SIZES.items()
        if size <= _MAX_ENLARGEMENT * track.row.face_source_px
    }
    return CHANGES | sizes


def write_images(path: Path, images: Iterable[np.ndarray], rewriting: Rewriting) -> None:
    """Write images of 25 frames/s as a file of another rate; each frame shows the image at its own time."""
    with av.open(os.fspath(path), "w", format="mp4") as file:
        stream = None
        for number, rgb in _retimed(images, rewriting.rate):
            rgb = np.ascontiguousarray(rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2])
            if stream is None:
                stream = file.add_stream(
                    "libx264", rate=rewriting.rate, options={"crf": str(rewriting.crf), "preset": "fast"}
                )
                stream.height, stream.width = rgb.shape[:2]
                stream.pix_fmt, stream.codec_context.thread_count = "yuv420p", 1
                stream.time_base = stream.codec_context.time_base = Fraction(1, _TICKS)
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = number * _TICKS // rewriting.rate, Fraction(1, _TICKS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def _retimed(images: Iterable[np.ndarray], rate: int) -> Iterator[tuple[int, np.ndarray]]:
    """(frame number at the new rate, image)."""
    number = 0
    for place, rgb in enumerate(images):
        while number * FRAME_RATE < (place + 1) * rate:
            yield number, rgb
            number += 1

"""The parts of one stored clip, as bytes; docs/dataset.md lists them."""

import io
import json

import cv2
import numpy as np
import soundfile

from schemas.clock import SAMPLE_RATE_HZ
from schemas.tables import ClipRow, stored_values
from transforms.media.canonical import FILL_VALUE, MESH_UNIT, five_points, invert_affine
from transforms.media.face_crop import encode_jpeg
from transforms.media.mfcc import clip_mfcc
from transforms.media.tubes import FaceTube

PARTS = ("json", "mfcc.npy", "flac", "landmarks.npy", "align.npy", "mesh.npy", "faces.mjpg", "faces_index.npy")
"""Names of the parts, in the order in which a shard holds them."""

_PLACE = ("shard", "tar_offset", "tar_length")  # not known until the clip lies in a shard


def clip_parts(
    row: ClipRow, tube: FaceTube, faces_rgb: list[np.ndarray], samples: np.ndarray, jpeg_quality: int
) -> list[tuple[str, bytes]]:
    """Parts of a clip of T frames, in order.

    tube: the clip's T frames; faces_rgb: T aligned faces; samples: int16 (640 T,), already shifted.
    """
    jpegs = [encode_jpeg(face, jpeg_quality) for face in faces_rgb]
    landmarks = five_points(tube.mesh.astype(np.float32)) * (row.image_px / MESH_UNIT)
    contents = (
        _json(row),
        _npy(clip_mfcc(samples)),
        flac_bytes(samples),
        _npy(landmarks.astype(np.float32)),
        _npy(invert_affine(tube.align.astype(np.float64)).astype(np.float32)),
        _npy(tube.mesh),
        b"".join(jpegs),
        _npy(np.cumsum([0, *map(len, jpegs)]).astype(np.uint32)),
    )
    return list(zip(PARTS, contents, strict=True))


def align_face(crop_rgb: np.ndarray, crop_to_source: np.ndarray, align: np.ndarray, image_px: int) -> np.ndarray:
    """Aligned face, RGB uint8 (image_px, image_px, 3), of a cut-out; outside it is filled with FILL_VALUE."""
    linear = align[:, :2] @ crop_to_source[:, :2]
    shift = align[:, :2] @ crop_to_source[:, 2] + align[:, 2]
    return cv2.warpAffine(
        crop_rgb,
        np.column_stack([linear, shift]),
        (image_px, image_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(FILL_VALUE,) * 3,
    )


def flac_bytes(samples: np.ndarray) -> bytes:
    """FLAC of int16 samples, 16 kHz mono."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def _json(row: ClipRow) -> bytes:
    values = {name: value for name, value in stored_values(row).items() if name not in _PLACE}
    return json.dumps(values, ensure_ascii=False, sort_keys=True).encode("utf-8", "backslashreplace")


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()

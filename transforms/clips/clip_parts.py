"""Encode the parts of one clip; schemas/clip_parts.py and docs/dataset.md say what they are."""

import io

import cv2
import numpy as np
import soundfile

from schemas.clip_parts import MEDIA_PARTS
from schemas.clock import SAMPLE_RATE_HZ
from transforms.clips.config import ClipsConfig
from transforms.media.canonical import FILL_VALUE, MESH_UNIT, five_points, invert_affine
from transforms.media.face_crop import encode_jpeg
from transforms.media.mfcc import clip_mfcc
from transforms.media.tubes import FaceTube


def clip_parts(
    tube: FaceTube, faces_rgb: list[np.ndarray], samples: np.ndarray, config: ClipsConfig
) -> list[tuple[str, bytes]]:
    """Names and contents of a clip's parts after its row, in the order in which a shard holds them.

    tube: the clip's T frames. faces_rgb: T aligned faces. samples: int16 (640 T,), with the lag corrected.
    """
    jpegs = [encode_jpeg(face, config.jpeg_quality) for face in faces_rgb]
    landmarks = five_points(tube.mesh.astype(np.float32)) * (config.image_px / MESH_UNIT)
    contents = (
        _npy(clip_mfcc(samples)),
        flac_bytes(samples),
        _npy(landmarks.astype(np.float32)),
        _npy(invert_affine(tube.align.astype(np.float64)).astype(np.float32)),
        _npy(tube.mesh),
        b"".join(jpegs),
        _npy(np.cumsum([0, *map(len, jpegs)]).astype(np.uint32)),
    )
    return list(zip(MEDIA_PARTS, contents, strict=True))


def align_face(crop_rgb: np.ndarray, crop_to_source: np.ndarray, align: np.ndarray, image_px: int) -> np.ndarray:
    """Warp a face crop to the aligned face: RGB uint8 (image_px, image_px, 3), with FILL_VALUE outside the crop."""
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
    """Encode int16 samples as FLAC, 16 kHz mono."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()

"""Decoders of a clip's parts, one a part: the only code that decodes what a shard holds.

Each raises ValueError, with the reason, for bytes that it cannot decode.
"""

import functools
import io
import json
import math
import re
import tokenize

import cv2
import numpy as np
import soundfile

from schemas.clock import SAMPLE_RATE_HZ

Content = bytes | memoryview
_NPY_HEADER_BYTES = 128  # of every stored array: NumPy rounds headers up to 64
_BAD_NPY_HEADER = (ValueError, EOFError, SyntaxError, tokenize.TokenError, MemoryError)  # raised by NumPy
_START_OF_JPEG, _END_OF_JPEG = b"\xff\xd8", b"\xff\xd9"
# Inside a JPEG's image data 0xFF is followed by 0x00, so its end and the start of the next cannot meet there.
_BETWEEN_JPEGS = re.compile(rb"(?<=\xff\xd9)(?=\xff\xd8\xff)")


def decode_json(content: Content) -> dict:
    """The object that a JSON text holds."""
    value = json.loads(bytes(content))
    if not isinstance(value, dict):
        raise ValueError(f"it holds {type(value).__name__}, not an object")
    return value


def decode_text(content: Content) -> str:
    """A text in UTF-8."""
    return bytes(content).decode()  # UnicodeDecodeError is a ValueError


def decode_array(content: Content) -> np.ndarray:
    """An .npy array, read-only and without a copy."""
    try:
        start, dtype, shape = _npy_layout(bytes(content[:_NPY_HEADER_BYTES]))
        return np.frombuffer(content, dtype, math.prod(shape), start).reshape(shape)
    except _BAD_NPY_HEADER as error:
        raise ValueError(str(error)) from error


def decode_audio(content: Content) -> np.ndarray:
    """Samples of 16 kHz mono FLAC: int16 (N,)."""
    try:
        samples, sample_rate_hz = soundfile.read(io.BytesIO(content), dtype="int16")
    except soundfile.LibsndfileError as error:
        raise ValueError(str(error)) from error
    if sample_rate_hz != SAMPLE_RATE_HZ or samples.ndim != 1:
        raise ValueError(f"it is not {SAMPLE_RATE_HZ} Hz mono, but {sample_rate_hz} Hz of shape {samples.shape}")
    return samples


def decode_face(jpeg: Content) -> np.ndarray:
    """One stored face: RGB uint8 (S, S, 3)."""
    if jpeg[:2] != _START_OF_JPEG or jpeg[-2:] != _END_OF_JPEG:  # OpenCV would fill what is missing with grey
        raise ValueError("is not a whole JPEG")
    face = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    if face is None:
        raise ValueError("does not decode")
    return face


def decode_faces(content: Content) -> np.ndarray:
    """All stored faces of one clip: RGB uint8 (T, S, S, 3)."""
    faces = []
    for frame, jpeg in enumerate(_BETWEEN_JPEGS.split(bytes(content))):
        try:
            faces.append(decode_face(jpeg))
        except ValueError as error:
            raise ValueError(f"frame {frame} {error}") from error
    return np.stack(faces)


@functools.lru_cache(maxsize=4096)
def _npy_layout(header: bytes) -> tuple[int, np.dtype, tuple[int, ...]]:
    """First byte of an .npy's values, their type and their shape; parsed once for all clips of one length."""
    stream = io.BytesIO(header)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("it is not a version 1.0 .npy")
    shape, is_fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    if is_fortran_order or dtype.hasobject:
        raise ValueError(f"it holds {dtype} in Fortran order or objects, not plain numbers in C order")
    return stream.tell(), dtype, shape

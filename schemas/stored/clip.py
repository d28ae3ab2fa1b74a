"""Clips of a dataset that `talkshard build` made, one by one; each part is decoded only when it is asked for."""

import functools
import io
import json
import math
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import soundfile

from schemas.clock import COLUMNS_PER_FRAME, SAMPLES_PER_FRAME
from schemas.errors import IntegrityError
from schemas.stored.clip_index import StoredClip, find_clips
from transforms.media.mfcc import NUM_COEFFICIENTS
from transforms.media.tar import BLOCK_BYTES

_READ_TOGETHER = 8  # clips asked for at once: a far store answers them side by side
_NOT_NPY = (ValueError, EOFError, SyntaxError, tokenize.TokenError, MemoryError)  # what NumPy says to damaged headers
_NPY_HEADER_BYTES = 128  # of any array that is stored: NumPy rounds headers up to 64
_NAME, _SIZE = slice(0, 100), slice(124, 136)  # of a tar member's header


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One stored clip of T frames. Reading a damaged part raises an IntegrityError that names clip and part."""

    key: str
    shard: str  # path below the dataset
    num_frames: int
    image_px: int
    parts: dict[str, memoryview]  # undecoded, by name: "flac", "faces.mjpg"

    @functools.cached_property
    def row(self) -> dict:
        """Columns of the clips table, without the place in the shard."""
        try:
            return json.loads(bytes(self._part("json")))
        except ValueError as error:
            raise self._damaged("json", error) from error

    @functools.cached_property
    def mfcc(self) -> np.ndarray:
        """Preset `speech2vid`: float32 (13, 4T)."""
        return self._array("mfcc.npy", (NUM_COEFFICIENTS, COLUMNS_PER_FRAME * self.num_frames))

    @functools.cached_property
    def samples(self) -> np.ndarray:
        """Sound: int16 (640 T,), 16 kHz."""
        try:
            samples, _ = soundfile.read(io.BytesIO(self._part("flac")), dtype="int16")
        except soundfile.LibsndfileError as error:
            raise self._damaged("flac", error) from error
        return self._of_shape("flac", samples, (SAMPLES_PER_FRAME * self.num_frames,))

    @functools.cached_property
    def landmarks(self) -> np.ndarray:
        """Eyes, nose tip, mouth corners in the stored face: float32 (T, 5, 2), px."""
        return self._array("landmarks.npy", (self.num_frames, 5, 2))

    @functools.cached_property
    def align(self) -> np.ndarray:
        """Stored face -> source image: float32 (T, 2, 3)."""
        return self._array("align.npy", (self.num_frames, 2, 3))

    @functools.cached_property
    def mesh(self) -> np.ndarray:
        """Face mesh in the stored face: int16 (T, 468, 3), unit image_px / 16384."""
        return self._array("mesh.npy", (self.num_frames, 468, 3))

    def face(self, frame: int) -> np.ndarray:
        """One stored face: RGB uint8 (image_px, image_px, 3)."""
        begin, end = self._face_bounds[frame : frame + 2]
        jpeg = self._part("faces.mjpg")[begin:end]
        if jpeg[:2] != b"\xff\xd8" or jpeg[-2:] != b"\xff\xd9":  # OpenCV would fill what is missing with grey
            raise self._damaged("faces.mjpg", f"frame {frame} is no whole JPEG")
        face = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
        if face is None:
            raise self._damaged("faces.mjpg", f"frame {frame} does not decode")
        return self._of_shape("faces.mjpg", face, (self.image_px, self.image_px, 3))

    def faces(self, frames: Sequence[int]) -> np.ndarray:
        """Some stored faces: RGB uint8 (len(frames), image_px, image_px, 3)."""
        return np.stack([self.face(frame) for frame in frames])

    @functools.cached_property
    def _face_bounds(self) -> list[int]:
        bounds = self._array("faces_index.npy", (self.num_frames + 1,)).tolist()
        if bounds[0] != 0 or bounds[-1] != len(self._part("faces.mjpg")):
            raise self._damaged("faces_index.npy", "it does not span faces.mjpg")
        return bounds

    def _array(self, part: str, shape: tuple[int, ...]) -> np.ndarray:
        content = self._part(part)
        try:
            start, stored_type, stored_shape = _npy_layout(bytes(content[:_NPY_HEADER_BYTES]))
            array = np.frombuffer(content, stored_type, math.prod(stored_shape), start).reshape(stored_shape)
        except _NOT_NPY as error:
            raise self._damaged(part, error) from error
        return self._of_shape(part, array, shape)

    def _of_shape(self, part: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        if array.shape != shape:
            raise self._damaged(part, f"shape {array.shape}, not {shape}")
        return array

    def _part(self, part: str) -> memoryview:
        if part not in self.parts:
            raise IntegrityError(f"clip {self.key} in {self.shard} has no part {part}: see `talkshard verify`")
        return self.parts[part]

    def _damaged(self, part: str, what: object) -> IntegrityError:
        return IntegrityError(f"clip {self.key} in {self.shard}: {part} is damaged: {what}")


def read_clips(dataset: str, split: str | None = None, where: str | None = None) -> Iterator[Clip]:
    """Stream the clips of a dataset, a folder or a URL, in the shards' order.

    split: train, val or test, None for all; where: a DuckDB condition on the clips table; only the clips that meet it
    are read. UsageError, IntegrityError: see find_clips.
    """
    stored = find_clips(dataset, split, where)
    for start in range(0, len(stored), _READ_TOGETHER):
        yield from map(open_clip, stored.read(range(start, min(start + _READ_TOGETHER, len(stored)))))


def open_clip(stored: StoredClip) -> Clip:
    """A clip out of its tar members, nothing of it decoded. IntegrityError: they are not this clip's members."""
    parts, members, start = {}, memoryview(stored.members), 0
    while start < len(members):
        header = bytes(members[start : start + BLOCK_BYTES])
        key, _, part = header[_NAME].rstrip(b"\0").partition(b".")
        try:
            size = int(header[_SIZE].strip(b"\0 "), 8)
        except ValueError as error:
            raise _no_members(stored) from error
        start += BLOCK_BYTES
        if key != stored.key.encode() or start + size > len(members):
            raise _no_members(stored)
        parts[part.decode(errors="replace")] = members[start : start + size]
        start += -(-size // BLOCK_BYTES) * BLOCK_BYTES
    return Clip(key=stored.key, shard=stored.shard, num_frames=stored.num_frames, image_px=stored.image_px, parts=parts)


@functools.lru_cache(maxsize=4096)
def _npy_layout(header: bytes) -> tuple[int, np.dtype, tuple[int, ...]]:
    """Where the values of an .npy begin, their type, their shape; parsed once for all clips of one length."""
    stream = io.BytesIO(header)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("it is no version 1.0 .npy")
    shape, by_columns, stored_type = np.lib.format.read_array_header_1_0(stream)
    if by_columns or stored_type.hasobject:
        raise ValueError(f"it holds {stored_type} by columns, not plain numbers by rows")
    return stream.tell(), stored_type, shape


def _no_members(stored: StoredClip) -> IntegrityError:
    return IntegrityError(f"clip {stored.key} in {stored.shard}: its members are damaged: see `talkshard verify`")

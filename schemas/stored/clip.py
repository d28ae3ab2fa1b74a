"""The one reader of stored clips: each part is decoded only when it is asked for."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas import clip_parts
from schemas.clip_parts import ArrayPart
from schemas.clock import SAMPLES_PER_FRAME
from schemas.errors import IntegrityError
from schemas.stored.clip_index import INDEX_COLUMNS, StoredClip, StoredClips, find_clips
from schemas.stored.decode import Content, decode_array, decode_audio, decode_face, decode_json, decode_text
from schemas.stored.members import split_members
from schemas.stored.tables import has_object

_READ_TOGETHER = 8  # clips requested at once: a remote store answers them side by side
_Value = TypeVar("_Value")


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
        return self._decoded(clip_parts.ROW, decode_json)

    @functools.cached_property
    def text(self) -> str | None:
        """What is said, as the recogniser wrote it down; None: the dataset has no transcripts."""
        return self._decoded(clip_parts.TEXT, decode_text) if clip_parts.TEXT in self.parts else None

    @functools.cached_property
    def mfcc(self) -> np.ndarray:
        """MFCC of the audio, preset `speech2vid`: float32 (13, 4T)."""
        return self._array(clip_parts.MFCC)

    @functools.cached_property
    def samples(self) -> np.ndarray:
        """The audio: int16 (640 T,), 16 kHz, mono."""
        samples = self._decoded(clip_parts.AUDIO, decode_audio)
        return self._of_shape(clip_parts.AUDIO, samples, (SAMPLES_PER_FRAME * self.num_frames,))

    @functools.cached_property
    def landmarks(self) -> np.ndarray:
        """Eyes, nose tip and mouth corners in the stored face: float32 (T, 5, 2), px."""
        return self._array(clip_parts.LANDMARKS)

    @functools.cached_property
    def align(self) -> np.ndarray:
        """Affine maps from the stored face to the source image: float32 (T, 2, 3), px."""
        return self._array(clip_parts.ALIGN)

    @functools.cached_property
    def mesh(self) -> np.ndarray:
        """Face mesh in the stored face: int16 (T, 468, 3), unit image_px / 16384."""
        return self._array(clip_parts.MESH)

    def face_jpeg(self, frame: int) -> memoryview:
        """One stored face, as the JPEG that is stored."""
        begin, end = self._face_bounds[frame : frame + 2]
        return self._part(clip_parts.FACES)[begin:end]

    def face(self, frame: int) -> np.ndarray:
        """One stored face: RGB uint8 (image_px, image_px, 3)."""
        try:
            face = decode_face(self.face_jpeg(frame))
        except ValueError as error:
            raise self._damaged(clip_parts.FACES, f"frame {frame} {error}") from error
        return self._of_shape(clip_parts.FACES, face, (self.image_px, self.image_px, 3))

    def faces(self, frames: Sequence[int]) -> np.ndarray:
        """Some stored faces: RGB uint8 (len(frames), image_px, image_px, 3)."""
        return np.stack([self.face(frame) for frame in frames])

    @functools.cached_property
    def _face_bounds(self) -> list[int]:
        bounds = self._array(clip_parts.FACES_INDEX).tolist()
        if bounds[0] != 0 or bounds[-1] != len(self._part(clip_parts.FACES)):
            raise self._damaged(clip_parts.FACES_INDEX.name, f"it does not span {clip_parts.FACES}")
        return bounds

    def _array(self, part: ArrayPart) -> np.ndarray:
        array = self._of_shape(part.name, self._decoded(part.name, decode_array), part.shape(self.num_frames))
        if array.dtype != part.dtype:
            raise self._damaged(part.name, f"type {array.dtype}, not {part.dtype}")
        return array

    def _of_shape(self, part: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        if array.shape != shape:
            raise self._damaged(part, f"shape {array.shape}, not {shape}")
        return array

    def _decoded(self, part: str, decode: Callable[[Content], _Value]) -> _Value:
        try:
            return decode(self._part(part))
        except ValueError as error:
            raise self._damaged(part, error) from error

    def _part(self, part: str) -> memoryview:
        if part not in self.parts:
            raise IntegrityError(f"clip {self.key} in {self.shard} has no part {part}: see `talkshard verify`")
        return self.parts[part]

    def _damaged(self, part: str, what: object) -> IntegrityError:
        return IntegrityError(f"clip {self.key} in {self.shard}: {part} is damaged: {what}")


def read_clips(dataset: str, split: str | None = None, where: str | None = None) -> Iterator[Clip]:
    """Stream the clips of a dataset, a folder or a URL, in the shards' order.

    split: train, val or test; None for all. where: a DuckDB condition on the clips table; only the clips that meet it
    are read. UsageError, IntegrityError: see find_clips.
    """
    return _open_places(find_clips(dataset, split, where))


def open_rows(dataset: str, clips: pa.Table) -> Iterator[Clip]:
    """Stream the clips of these rows of the clips table, in their order; those whose shard is missing are left out."""
    shards = [shard for shard in clips["shard"].unique().to_pylist() if has_object(dataset, shard)]
    is_there = pc.is_in(clips["shard"], pa.array(shards, pa.string()))
    return _open_places(StoredClips(dataset=dataset, places=clips.select(INDEX_COLUMNS).filter(is_there)))


def _open_places(stored: StoredClips) -> Iterator[Clip]:
    for start in range(0, len(stored), _READ_TOGETHER):
        yield from map(open_clip, stored.read(range(start, min(start + _READ_TOGETHER, len(stored)))))


def open_clip(stored: StoredClip) -> Clip:
    """A clip from its tar members, with nothing of it decoded. IntegrityError: they are not this clip's members."""
    try:
        parts = dict(split_members(memoryview(stored.members), stored.key))
    except ValueError as error:
        raise IntegrityError(
            f"clip {stored.key} in {stored.shard}: its members are damaged: see `talkshard verify`"
        ) from error
    return Clip(key=stored.key, shard=stored.shard, num_frames=stored.num_frames, image_px=stored.image_px, parts=parts)

"""A decoder of clip parts for plain WebDataset readers; it needs neither torch nor dataset.json."""

from collections.abc import Callable
from typing import Any

import numpy as np

from schemas import clip_parts
from schemas.stored.decode import decode_array, decode_audio, decode_faces, decode_json, decode_text


def talkshard_parts(key: str, data: bytes) -> Any:
    """Decode one part of a clip, as in `webdataset.WebDataset(shards).decode(talkshard_parts)`.

    Gives arrays for `mfcc.npy`, `landmarks.npy`, `align.npy`, `mesh.npy` and `faces_index.npy`, samples int16 (640 T,)
    for `flac`, faces RGB uint8 (T, S, S, 3) for `faces.mjpg`, a dict for `json`, and a str for `txt`: see
    schemas.clip_parts.
    None for any other key, which leaves it to WebDataset's own decoders. ValueError: the part is damaged.
    """
    decode = _DECODERS.get(key.removeprefix("."))
    return None if decode is None else decode(data)


def _writable_array(data: bytes) -> np.ndarray:
    return decode_array(data).copy()


_ARRAYS = (clip_parts.MFCC, clip_parts.LANDMARKS, clip_parts.ALIGN, clip_parts.MESH, clip_parts.FACES_INDEX)
_DECODERS: dict[str, Callable[[bytes], Any]] = {
    clip_parts.ROW: decode_json,
    clip_parts.TEXT: decode_text,
    clip_parts.AUDIO: decode_audio,
    clip_parts.FACES: decode_faces,
    **{part.name: _writable_array for part in _ARRAYS},
}

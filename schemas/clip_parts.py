"""The parts of a stored clip: their names, types and shapes, as a shard holds them.

Shapes: T frames, 25 a second; S is the side of a stored face, image_px.
"""

import tarfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from schemas.clock import COLUMNS_PER_FRAME

BLOCK_BYTES = tarfile.BLOCKSIZE  # 512: shards are tar files, and members fill whole blocks
NUM_COEFFICIENTS, NUM_LANDMARKS, NUM_MESH_POINTS = 13, 5, 468


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayPart:
    """A part that is one array, stored as .npy."""

    name: str
    dtype: np.dtype
    shape: Callable[[int], tuple[int, ...]]  # of a clip of so many frames


ROW = "json"
"""Columns of the clips table, without PLACE_COLUMNS."""
TEXT = "txt"
"""The column `text`, UTF-8; only where a recogniser wrote it: every clip of a dataset has it, or none."""
AUDIO = "flac"
"""int16 (640 T,), 16 kHz, mono."""
FACES = "faces.mjpg"
"""T JPEGs of RGB uint8 (S, S, 3), one after another."""
MFCC = ArrayPart(
    name="mfcc.npy",
    dtype=np.dtype(np.float32),
    shape=lambda num_frames: (NUM_COEFFICIENTS, COLUMNS_PER_FRAME * num_frames),
)
"""MFCC of the audio, preset `speech2vid`."""
LANDMARKS = ArrayPart(
    name="landmarks.npy", dtype=np.dtype(np.float32), shape=lambda num_frames: (num_frames, NUM_LANDMARKS, 2)
)
"""Eyes, nose tip and mouth corners in the stored face, px."""
ALIGN = ArrayPart(name="align.npy", dtype=np.dtype(np.float32), shape=lambda num_frames: (num_frames, 2, 3))
"""Affine maps from the stored face to the source image, px."""
MESH = ArrayPart(name="mesh.npy", dtype=np.dtype(np.int16), shape=lambda num_frames: (num_frames, NUM_MESH_POINTS, 3))
"""Face mesh in the stored face, unit image_px / 16384."""
FACES_INDEX = ArrayPart(name="faces_index.npy", dtype=np.dtype(np.uint32), shape=lambda num_frames: (num_frames + 1,))
"""First byte of each JPEG in FACES, and the length of FACES."""

PLACE_COLUMNS = ("shard", "tar_offset", "tar_length")
"""Columns of the clips table that ROW lacks: it is written before the clip has a place in a shard."""
ROW_PARTS = (ROW, TEXT)
"""Parts that are made of a clip's row, when the clip is placed in a shard."""
MEDIA_PARTS = (MFCC.name, AUDIO, LANDMARKS.name, ALIGN.name, MESH.name, FACES, FACES_INDEX.name)
"""Names of the other parts, in the order in which a shard holds them, behind those of the row."""


def parts_of(has_text: bool) -> tuple[str, ...]:
    """Names of a clip's parts, in the order in which a shard holds them."""
    return (*(ROW_PARTS if has_text else (ROW,)), *MEDIA_PARTS)

"""A few stored faces of a dataset, out of its shards, as they are stored there."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schemas.stored.clip import Clip, open_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFace:
    """The middle frame of one clip."""

    key: str
    jpeg: bytes
    source_uri: str
    split: str
    audio_lag_frames: float | None
    sync_probability: float | None
    sync_confidence: float | None
    source_start_s: float
    num_frames: int


def sample_faces(output: str, clips: pa.Table, num_faces: int) -> list[SampleFace]:
    """Faces of clips spread evenly over the clips table; none of clips whose shard is missing."""
    if not len(clips):
        return []
    chosen = np.unique(np.linspace(0, len(clips) - 1, min(num_faces, len(clips))).round().astype(int))
    rows = clips.take(pa.array(chosen))
    row_of = {row["key"]: row for row in rows.to_pylist()}
    return [_sample(clip, row_of[clip.key]) for clip in open_rows(output, rows)]


def _sample(clip: Clip, row: dict) -> SampleFace:
    return SampleFace(
        key=clip.key,
        jpeg=bytes(clip.face_jpeg(clip.num_frames // 2)),
        source_uri=row["source_uri"],
        split=row["split"],
        audio_lag_frames=row["audio_lag_frames"],
        sync_probability=row["sync_probability"],
        sync_confidence=row["sync_confidence"],
        source_start_s=row["source_start_s"],
        num_frames=row["num_frames"],
    )

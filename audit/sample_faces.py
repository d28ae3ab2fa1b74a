"""A few stored faces of a dataset, out of its shards, as they are stored there."""

from dataclasses import dataclass

import numpy as np

from schemas.stored.clip import Clip, open_rows
from schemas.stored.manifests import Manifests, only_row


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


def sample_faces(output: str, manifests: Manifests, num_faces: int) -> list[SampleFace]:
    """Faces of clips spread evenly over the clips table; none of clips whose shard is missing."""
    (num_clips,) = only_row(manifests, "SELECT count(*) FROM clips")
    if not num_clips:
        return []
    chosen = np.unique(np.linspace(0, num_clips - 1, min(num_faces, num_clips)).round().astype(int))
    places = ", ".join(map(str, chosen))
    numbered = "SELECT key, row_number() OVER () - 1 AS place FROM clips"
    rows = manifests.sql(
        f"SELECT clips.* FROM clips SEMI JOIN (SELECT key FROM ({numbered}) WHERE place IN ({places})) USING (key) "
        "ORDER BY key"
    ).to_arrow_table()
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

"""A few stored faces of a dataset, taken out of its shards by byte ranges, as they lie there."""

import io
import tarfile
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schemas.stored.tables import has_object, read_object


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFace:
    """The middle image of one clip."""

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
    """Faces of clips spread evenly over the table; none for clips whose shard is not there."""
    chosen = (
        np.unique(np.linspace(0, len(clips) - 1, min(num_faces, len(clips))).round().astype(int)) if len(clips) else []
    )
    rows = [clips.slice(int(place), 1).to_pylist()[0] for place in chosen]
    return [_sample(output, row) for row in rows if has_object(output, row["shard"])]


def middle_jpeg(members: bytes, key: str) -> bytes:
    """The middle face of one clip, from its members' bytes, found through its index."""
    # A clip's range holds whole members but not the shard's end mark: tarfile reads it as it is.
    with tarfile.open(fileobj=io.BytesIO(members), mode="r:") as archive:
        index = np.load(io.BytesIO(archive.extractfile(f"{key}.faces_index.npy").read()))
        faces = archive.extractfile(f"{key}.faces.mjpg").read()
    middle = (len(index) - 1) // 2
    return faces[index[middle] : index[middle + 1]]


def _sample(output: str, row: dict) -> SampleFace:
    members = read_object(output, row["shard"], row["tar_offset"], row["tar_length"])
    told = {
        name: row[name]
        for name in (
            "key",
            "source_uri",
            "split",
            "audio_lag_frames",
            "sync_probability",
            "sync_confidence",
            "source_start_s",
            "num_frames",
        )
    }
    return SampleFace(jpeg=middle_jpeg(members, row["key"]), **told)

"""The tracks with clips that a dataset holds, from the rows of its tables of tracks and clips."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from transforms.people.find_people import FoundTrack

_TRACK_COLUMNS = ("track_id", "source_id", "start_frame", "end_frame", "face_embedding")
_CLIP_COLUMNS = ("track_id", "source_id", "person_id", "speaker", "group", "split", "split_unit")


def columns_of_part(path: str) -> tuple[str, ...]:
    """The columns that are read of a part of either table, by its path below the dataset."""
    return {"tracks": _TRACK_COLUMNS, "clips": _CLIP_COLUMNS}[path.split("/")[1]]


def tracks_of_batch(batch: pa.RecordBatch) -> Iterator[FoundTrack]:
    """What each row says of its track: rows of the table of tracks count no clip, those of the table of clips one."""
    num_clips = int("person_id" in batch.schema.names)
    for row in batch.to_pylist():
        embedding = np.array(row.pop("face_embedding", ()), np.float32).tobytes()
        yield FoundTrack(num_clips=num_clips, embedding=embedding, **row)


def recorded_track(_track_id: str, found: Iterable[FoundTrack]) -> Iterator[FoundTrack]:
    """All that is said of one track, with its clips counted; nothing of one without clips."""
    every = sorted(found, key=lambda one: (one.num_clips, one.split_unit, one.split))
    num_clips = sum(one.num_clips for one in every)
    if num_clips:
        track, clip = every[0], every[-1]
        yield replace(
            clip,
            num_clips=num_clips,
            start_frame=track.start_frame,
            end_frame=track.end_frame,
            embedding=track.embedding,
        )

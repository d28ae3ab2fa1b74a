"""Each shard read as a tar file from its first byte to its last: its clips, their places, and nothing else."""

import itertools
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from audit.stored_objects import StoredObjects
from audit.verify_clips import clip_problems
from schemas.clip_parts import BLOCK_BYTES, TEXT, parts_of
from schemas.stored.clip import Clip
from schemas.stored.manifests import Manifests
from schemas.stored.members import split_members
from transforms.media.tar import RECORD_BYTES, tar_end, tar_members

_ROWS_AT_ONCE = 1024
_UNREADABLE = (tarfile.TarError, OSError, ValueError, EOFError)


def shard_problems(objects: StoredObjects, found: tuple[str, dict[str, dict]]) -> list[str]:
    """Faults of one shard and of every clip in it, given its path and rows; one clip is in memory at a time."""
    shard, rows = found
    try:
        with objects.reading(shard) as stream:
            return list(_Shard(path=shard, rows=rows, stream=stream).problems())
    except OSError as error:
        return [f"{shard} cannot be read: {error}"]


def rows_by_shard(manifests: Manifests) -> Iterator[tuple[str, dict[str, dict]]]:
    """Each shard with the rows of its clips by key, one shard at a time."""
    batches = manifests.sql(
        "SELECT shards.shard AS of_shard, clips.* FROM shards LEFT JOIN clips USING (shard) ORDER BY shards.shard"
    ).to_arrow_reader(_ROWS_AT_ONCE)
    rows = (row for batch in batches for row in batch.to_pylist())
    for shard, found in itertools.groupby(rows, key=lambda row: row.pop("of_shard")):
        yield shard, {row["key"]: row for row in found if row["key"] is not None}


@dataclass(kw_only=True)
class _Shard:
    """One shard and the rows that name it."""

    path: str
    rows: dict[str, dict]
    stream: BinaryIO
    end: int = 0  # first byte after the clips that were read
    keys: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[str]:
        try:
            with tarfile.open(fileobj=self.stream, mode="r:") as tar:
                for key, found in itertools.groupby(tar, key=lambda member: member.name.partition(".")[0]):
                    members = list(found)
                    yield from self._clip_problems(key, members)
        except _UNREADABLE as error:
            yield f"{self.path} is not a whole tar file: {error}"
        yield from self._end_problems()
        yield from (f"clip {key} has a row, but is not in {self.path}" for key in sorted(self.rows.keys() - self.keys))
        if self.keys != sorted(self.keys):
            yield f"{self.path} does not hold its clips in the order of their keys"

    def _end_problems(self) -> Iterator[str]:
        self.stream.seek(self.end)
        if self.stream.read(2 * RECORD_BYTES) != tar_end(self.end):
            yield f"{self.path} has no end of a tar file at byte {self.end}, where its clips end, or more behind it"

    def _clip_problems(self, key: str, members: list[tarfile.TarInfo]) -> Iterator[str]:
        start, last = members[0].offset, members[-1]
        self.end = last.offset_data + -(-last.size // BLOCK_BYTES) * BLOCK_BYTES
        if key in self.keys or len({member.name for member in members}) < len(members):
            yield f"clip {key} is in {self.path} twice"
        self.keys.append(key)
        self.stream.seek(start)
        content = self.stream.read(self.end - start)
        try:
            parts = dict(split_members(memoryview(content), key))
            is_plain = tar_members(key, [(name, bytes(part)) for name, part in parts.items()]) == content
        except ValueError as error:
            yield f"clip {key} in {self.path}: its tar members are damaged: {error}"
            return
        if not is_plain:
            yield f"clip {key} in {self.path}: its tar members are not plain files with fixed metadata"
        row = self.rows.get(key)
        expected = parts_of(TEXT in parts if row is None else row["text"] is not None)
        if tuple(parts) != expected:
            yield f"clip {key} in {self.path} has the parts {', '.join(parts)}, not {', '.join(expected)}"
        if row is None:
            yield f"clip {key} in {self.path} has no row"
        else:
            yield from self._row_problems(key, row, start, parts)

    def _row_problems(self, key: str, row: dict, start: int, parts: dict[str, memoryview]) -> Iterator[str]:
        if (row["tar_offset"], row["tar_length"]) != (start, self.end - start):
            yield f"clip {key} lies at bytes {start} to {self.end} of {self.path}, its row says otherwise"
        if set(parts) >= set(parts_of(False)):
            clip = Clip(key=key, shard=self.path, num_frames=row["num_frames"], image_px=row["image_px"], parts=parts)
            yield from clip_problems(clip, row)

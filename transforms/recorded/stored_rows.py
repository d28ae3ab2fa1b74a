"""A dataset's rows and clips, read back as the records that a build makes them of."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO

import pyarrow as pa

from schemas.errors import IntegrityError
from schemas.records import ClipRef
from schemas.stored.members import row_members_length
from schemas.tables import TABLES, ClipRow, ShardRow


def table_of_part(path: str) -> str:
    """The table that a part belongs to, by its path below the dataset."""
    return path.split("/")[1]


def rows_of_batch(table: str, batch: pa.RecordBatch) -> Iterator[Any]:
    """The rows of some of a table's lines."""
    row_type = TABLES[table]
    for values in batch.to_pylist():
        yield row_type(**{name: _as_tuples(value) for name, value in values.items()})


def clips_of_shard(shard: ShardRow, clips: Iterable[ClipRow], uri: str, stream: BinaryIO) -> Iterator[ClipRef]:
    """References to a shard's clips, all but their rows, once all of its bytes were read.

    uri, stream: of the shard, which is read once from begin to end. IntegrityError: it is not what was written.
    """
    digest, refs, place = hashlib.sha256(), [], 0
    for row in sorted(clips, key=lambda row: row.tar_offset):
        digest.update(stream.read(row.tar_offset - place))
        members = stream.read(row.tar_length)
        digest.update(members)
        place = row.tar_offset + row.tar_length
        if len(members) == row.tar_length:
            refs.append(_reference(row, uri, members))
    while block := stream.read(1 << 20):
        digest.update(block)
    if digest.hexdigest() != shard.sha256:
        raise IntegrityError(f"{uri!r} is not what was written there: see `talkshard verify`")
    yield from refs


def _reference(row: ClipRow, uri: str, members: bytes) -> ClipRef:
    own_row = row_members_length(members)
    return ClipRef(
        key=row.key,
        split=row.split,
        pack_uri=uri,
        offset=row.tar_offset + own_row,
        length=row.tar_length - own_row,
        sha256=hashlib.sha256(members[own_row:]).hexdigest(),
        row=replace(row, shard="", tar_offset=0, tar_length=0),
    )


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value

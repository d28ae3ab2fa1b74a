"""Write one shard: its clips' members ordered by key, each clip checked against its hash.

A clip's first members, its row and its text, are made here: what was given with the names of a source may change
without the clip being cut again.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import BinaryIO

from schemas.arrow_tables import stored_values
from schemas.clip_parts import PLACE_COLUMNS, ROW, TEXT
from schemas.errors import IntegrityError
from schemas.records import ClipRef
from schemas.tables import ClipRow, ShardRow
from transforms.media.tar import tar_end, tar_members


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenShard:
    """The shard's row, and its clips' rows with their places."""

    shard: ShardRow
    clips: tuple[ClipRow, ...]


def only_one(key: str, refs: Iterable[ClipRef]) -> ClipRef:
    """The clip of one key, of which a retried bundle may have cut copies. IntegrityError: the copies differ."""
    first, *others = sorted(refs, key=lambda ref: (ref.pack_uri, ref.offset))
    if any(other.sha256 != first.sha256 for other in others):
        raise IntegrityError(f"clip {key} was cut twice with different bytes: cutting it is not deterministic")
    return first


def write_shard(
    shard: str, split: str, refs: Iterable[ClipRef], read_range: Callable[[str, int, int], bytes], stream: BinaryIO
) -> WrittenShard:
    """Write the clips to `stream`, ordered by key. read_range(uri, offset, length) gives bytes of a pack.

    IntegrityError: the bytes in staging are not those that were written.
    """
    digest, offset = hashlib.sha256(), 0
    clips: list[ClipRow] = []
    for ref in sorted(refs, key=lambda ref: ref.key):
        data = read_range(ref.pack_uri, ref.offset, ref.length)
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise IntegrityError(f"clip {ref.key} in {ref.pack_uri!r} is not what was written: staging is damaged")
        members = row_members(ref.row) + data
        clips.append(replace(ref.row, shard=shard, tar_offset=offset, tar_length=len(members)))
        offset += _write(stream, digest, members)
    size_bytes = offset + _write(stream, digest, tar_end(offset))
    row = ShardRow(shard=shard, split=split, num_clips=len(clips), size_bytes=size_bytes, sha256=digest.hexdigest())
    return WrittenShard(shard=row, clips=tuple(clips))


def row_members(row: ClipRow) -> bytes:
    """The first tar members of a clip: its row without its place, as JSON, and its text where it has one."""
    values = {name: value for name, value in stored_values(row).items() if name not in PLACE_COLUMNS}
    text = json.dumps(values, ensure_ascii=False, sort_keys=True)
    parts = [(ROW, text.encode("utf-8", "backslashreplace"))]
    return tar_members(row.key, parts if row.text is None else [*parts, (TEXT, row.text.encode())])


def _write(stream: BinaryIO, digest: "hashlib._Hash", data: bytes) -> int:
    stream.write(data)
    digest.update(data)
    return len(data)

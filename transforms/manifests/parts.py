"""Tables as Parquet parts, bounded by bytes: the same rows give the same parts, in any order of arrival."""

import hashlib
import io
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.arrow_tables import arrow_table
from schemas.generations import generation_mark
from schemas.tables import SORT_BY, table_name

PART_BYTES = 128 << 20  # of its rows in a worker's memory, see bytes_of_row; sorting and writing need as much again
_FIELD_BYTES, _TEXT_BYTES = 32, 56  # of a number with the pointer to it; of a text besides its characters


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ManifestPart:
    """One written part of one table."""

    table: str
    path: str  # below the dataset
    num_rows: int
    size_bytes: int
    sha256: str


def bytes_of_row(row: Any) -> int:
    """About how many bytes a row needs in memory: the same on every machine and in every version of Python."""
    return sum(_bytes_of(getattr(row, field)) for field in row.__slots__)


def num_parts(num_bytes: int) -> int:
    """How many parts a table of so many bytes is written in; an empty table has one."""
    return max(1, -(-num_bytes // PART_BYTES))


def part_of_row(row: object, parts: int) -> int:
    """The part that a row belongs to, by contiguous ranges of a hash of the columns its table is sorted by."""
    if parts == 1:
        return 0
    sorted_by = repr([getattr(row, field) for field in SORT_BY[table_name(row)]])
    return int.from_bytes(hashlib.sha256(sorted_by.encode()).digest()[:8], "big") * parts >> 64


def part_path(table: str, number: int, generation: int) -> str:
    """Path of a part below the dataset."""
    return f"manifests/{table}/part-{number:05d}{generation_mark(generation)}.parquet"


def part_bytes(table: str, rows: list) -> bytes:
    """A part as Parquet, its rows sorted by the columns their table is sorted by, then by all their values."""
    sink = io.BytesIO()
    pq.write_table(
        _sorted_table(table, rows),
        sink,
        version="2.6",
        compression="zstd",
        compression_level=3,
        use_dictionary=True,
        write_statistics=True,
        row_group_size=65_536,
        data_page_size=1 << 20,
    )
    return sink.getvalue()


def manifest_part(table: str, path: str, num_rows: int, data: bytes) -> ManifestPart:
    """The entry of dataset.json for a part that holds `data`."""
    return ManifestPart(
        table=table, path=path, num_rows=num_rows, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest()
    )


def _bytes_of(value: object) -> int:
    if isinstance(value, str):
        return _TEXT_BYTES + len(value)
    if isinstance(value, tuple | list):  # all values of one are of one kind
        return _TEXT_BYTES + len(value) * (8 + _bytes_of(value[0])) if value else _TEXT_BYTES
    return _FIELD_BYTES


def _sorted_table(table: str, rows: list) -> pa.Table:
    has_ties = table in ("decisions", "failures")  # the columns that sort the other tables are unique in them
    return arrow_table(table, sorted(rows, key=repr) if has_ties else rows)

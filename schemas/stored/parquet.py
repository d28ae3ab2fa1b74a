"""The one way to read Parquet: on the calling thread alone, so that a process can exit right afterwards."""

import io
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

_BATCH_ROWS = 1024  # of tracks, whose rows are the largest, some 50 MB


def read_parquet(source: bytes | BinaryIO, columns: list[str] | None = None) -> pa.Table:
    """Table of a Parquet file, or the named columns of it in the order given.

    pyarrow.ArrowInvalid: the source is not a whole Parquet file, or lacks a column.

    `pyarrow.parquet.read_table` must not be used on Python's file objects and bytes: it returns while a thread of
    Arrow's pool still holds the source, and that thread takes the interpreter lock to release it. If the interpreter is
    finalizing by then, Python ends the thread inside a C++ destructor, and the process aborts with exit status 134
    (apache/arrow issues 33975, 34314 and 50482). Neither `use_threads=False` nor `pre_buffer=False` on `read_table`
    prevents this, because it reads through the dataset scanner. `ParquetFile` with both starts no thread.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    table = pq.ParquetFile(stream, pre_buffer=False).read(columns=columns, use_threads=False)
    if columns is None:
        return table
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise pa.ArrowInvalid(f"the Parquet file has no column {missing[0]}")
    return table.select(columns)


def read_batches(source: BinaryIO, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """A Parquet file in batches of rows, all columns or some, so that a part of any size needs little memory."""
    file = pq.ParquetFile(source, pre_buffer=False)
    yield from file.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False)


def copy_parquet(source: BinaryIO, path: str, left_out: tuple[str, ...]) -> None:
    """Copy a Parquet file to a local path without some of its columns, holding one row group at a time."""
    file = pq.ParquetFile(source, pre_buffer=False)
    names = [name for name in file.schema_arrow.names if name not in left_out]
    with pq.ParquetWriter(path, pa.schema([file.schema_arrow.field(name) for name in names])) as copy:
        for group in range(file.num_row_groups):
            copy.write_table(file.read_row_group(group, columns=names, use_threads=False))


def read_schema(source: BinaryIO) -> pa.Schema:
    """Columns of a Parquet file, with their metadata. pyarrow.ArrowInvalid: it is not a whole one."""
    return pq.ParquetFile(source, pre_buffer=False).schema_arrow

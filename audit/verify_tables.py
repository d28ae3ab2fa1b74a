"""The columns of each part of a table, and values that no column may hold."""

import dataclasses
import typing
from collections.abc import Iterator

import pyarrow as pa

from audit.stored_objects import StoredObjects
from schemas.arrow_tables import arrow_schema
from schemas.schema_version import SCHEMA_VERSION
from schemas.stored.manifests import Manifests, columns_of, only_row
from schemas.stored.parquet import read_batches, read_schema
from schemas.tables import SORT_BY, TABLES
from transforms.manifests.accounting import check_problems
from transforms.manifests.checks import Check

_SHARES = ("share", "probability", "visibility")  # last words of the columns whose values are in 0..1
_FROM_ZERO = ("bytes", "s", "px", "length", "offset", "clips", "frames", "windows", "attempts", "opening", "sd")
_SIGNED = ("sound_start_s", "audio_lag_frames", "audio_lag_se_frames", "end_s")


def part_problems(objects: StoredObjects, part: dict) -> list[str]:
    """Whether one part has the columns of its table, in whole pages, sorted."""
    path, table = part["path"], part["table"]
    try:
        with objects.reading(path) as stream:
            if found := list(_schema_problems(path, table, read_schema(stream))):
                return found
        with objects.reading(path) as stream:
            return list(_row_problems(path, table, read_batches(stream)))
    except (pa.ArrowException, OSError) as error:
        return [f"{path} is not a whole Parquet file: {error}"]


def _schema_problems(path: str, table: str, schema: pa.Schema) -> Iterator[str]:
    expected = arrow_schema(table)
    version = (schema.metadata or {}).get(b"schema_version", b"unknown").decode(errors="replace")
    if version != SCHEMA_VERSION:
        yield f"{path} was written with schema version {version}, not {SCHEMA_VERSION}"
    for name in expected.names:
        if name not in schema.names:
            yield f"{path} has no column {name}"
        elif schema.field(name).type != expected.field(name).type:
            yield f"{path}: column {name} is {schema.field(name).type}, not {expected.field(name).type}"
    yield from (f"{path} has a column {name!r} too many" for name in schema.names if name not in expected.names)
    if sorted(schema.names) == sorted(expected.names) and schema.names != expected.names:
        yield f"{path} has its columns in another order than its table"


def _row_problems(path: str, table: str, batches: Iterator[pa.RecordBatch]) -> Iterator[str]:
    """Rows out of order, and lists of another length than the frames of their track."""
    last: tuple | None = None
    is_sorted = True
    for batch in batches:
        for key in zip(*(batch[name].to_pylist() for name in SORT_BY[table]), strict=True):
            key = tuple(("" if value is None else value) for value in key)
            is_sorted = is_sorted and (last is None or last <= key)
            last = key
        if table == "tracks":
            yield from _box_problems(batch)
    if not is_sorted:
        yield f"{path} is not sorted by {', '.join(SORT_BY[table])}"


def _box_problems(tracks: pa.RecordBatch) -> Iterator[str]:
    names = ("track_id", "start_frame", "end_frame")
    lengths = (tracks[name].value_lengths().to_pylist() for name in ("boxes_xyxy", "interpolated"))
    for track_id, start, end, boxes, interpolated in zip(
        *(tracks[name].to_pylist() for name in names), *lengths, strict=True
    ):
        if None not in (start, end) and (boxes, interpolated) != (end - start, end - start):
            yield f"track {track_id} has {boxes} boxes and {interpolated} flags for {end - start} frames"


def value_problems(manifests: Manifests) -> Iterator[str]:
    """Nulls, values that are no number, and values out of their range: each table is read once for all its columns."""
    for table in TABLES:
        rules = list(_value_rules(manifests, table))
        counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for _, condition, _ in rules)
        subject = f"coalesce({SORT_BY[table][0]}::VARCHAR, 'nothing')"
        for (name, condition, what), found in zip(
            rules, only_row(manifests, f"SELECT {counts} FROM {table}"), strict=True
        ):
            if found:
                query = f'SELECT {subject}, "{name}" FROM {table} WHERE {condition}'
                yield from check_problems(manifests, Check(query, f"{table} of {{0}}: {name} is {what}"))


def _value_rules(manifests: Manifests, table: str) -> Iterator[tuple[str, str, str]]:
    """A column, the condition of a value that it may not hold, and what the line says of that."""
    there = set(columns_of(manifests, table))
    hints = typing.get_type_hints(TABLES[table])
    # As text: `NOT isfinite(x)` in a WHERE is answered from the row groups' statistics, which leave NaN out.
    for one in dataclasses.fields(TABLES[table]):
        name, of_type = one.name, one.metadata["type"]
        if name not in there:
            continue
        if type(None) not in typing.get_args(hints[name]):
            yield name, f'"{name}" IS NULL', "null"
        if pa.types.is_floating(of_type) and name != "value":
            yield name, f"\"{name}\"::VARCHAR IN ('nan', 'inf', '-inf')", "{1}, no number"
        if limits := _limits(name, of_type):
            yield name, f'NOT "{name}" {limits}', f"{{1}}, not {limits.lower()}"


def _limits(name: str, of_type: pa.DataType) -> str:
    """The range of a column's values as SQL; "": it has none."""
    last_word = name.rsplit("_", 1)[-1]
    if pa.types.is_floating(of_type) and last_word in _SHARES:
        return "BETWEEN 0 AND 1"
    is_number = pa.types.is_floating(of_type) or pa.types.is_integer(of_type)
    return ">= 0" if is_number and last_word in _FROM_ZERO and name not in _SIGNED else ""

"""The table of --sources: CSV, TSV, JSONL or Parquet, with a uri and its metadata in each row."""

import csv
import difflib
import json
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa

from schemas.errors import UsageError
from schemas.records import SPLITS, VideoSource
from schemas.stored.parquet import read_parquet
from transforms.sources.listing import Listing, is_utf8, storable_uri, without_repeats
from transforms.sources.table_text import csv_rows, decoded, encoding_hint

_TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")  # .txt is what Excel calls "Unicode text"
_OURS = ("content_decides", "left_out", "name", "speaker_split", "group_split")  # fields that no table gives
COLUMNS = tuple(field.name for field in fields(VideoSource) if field.name not in _OURS)


def parse_table(table_uri: str, data: bytes) -> Listing:
    """Sources of a table, sorted by uri; a relative uri is resolved in the table's folder.

    The suffix says the format; without one, as of a pipe, the content does. `<(...)` has the working folder's paths.

    UsageError: another format, an unknown column, no uri, an unknown split, or an empty table.
    """
    folder = "" if table_uri.startswith("/dev/") else posixpath.dirname(table_uri)
    try:
        rows = enumerate(_rows(table_uri, data), 1)
        sources = [_source(row, folder, f"{table_uri!r}, row {number}") for number, row in rows]
    except (pa.ArrowException, csv.Error, json.JSONDecodeError) as error:
        raise UsageError(f"cannot read the table {table_uri!r}: {error}") from error
    if not sources:
        raise UsageError(f"the table {table_uri!r} is empty: give it a line for each source")
    return Listing(sources=without_repeats(sources))


def _rows(table_uri: str, data: bytes) -> Iterable[object]:
    """The rows of a table, one at a time where it is text."""
    suffix = posixpath.splitext(table_uri)[1].lower() or _suffix_of(data)
    if suffix == ".parquet":
        return read_parquet(data).to_pylist()
    if suffix in _TEXT_SUFFIXES:
        return _csv_rows(decoded(table_uri, data))
    if suffix in (".jsonl", ".ndjson"):
        lines = decoded(table_uri, data).split("\n")
        return (json.loads(line) for line in lines if line.strip())
    raise UsageError(f"the table {table_uri!r} must be .csv, .tsv, .txt, .jsonl or .parquet")


def _suffix_of(data: bytes) -> str:
    """The suffix that the content of a table without one would have."""
    if data.startswith(b"PAR1"):
        return ".parquet"
    return ".jsonl" if data.lstrip().startswith(b"{") else ".csv"


def _csv_rows(text: str) -> Iterator[dict[str | None, object]]:
    names, rows = csv_rows(text)
    _require_columns(names, "the table's first line")
    return rows


def _source(row: object, folder: str, where: str) -> VideoSource:
    if not isinstance(row, dict):
        raise UsageError(f"{where}: must be an object with a uri, not {row!r}")
    _require_columns(list(row), where)
    values = {name: "" if value is None else value for name, value in row.items()}
    wrong = next((name for name, value in values.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise UsageError(f"{where}: {wrong} must be text, not {values[wrong]!r}")
    if not values["uri"]:
        raise UsageError(f"{where}: has no uri")
    if values.get("split", "") not in ("", *SPLITS):
        raise UsageError(f"{where}: split must be one of {', '.join(SPLITS)}, not {values['split']!r}")
    unstorable = next((name for name, value in values.items() if name != "uri" and not is_utf8(value)), None)
    if unstorable is not None:
        raise UsageError(f"{where}: {unstorable} {encoding_hint(values[unstorable])}")
    given: dict[str, Any] = {**values, "uri": _absolute(values["uri"], folder)}
    return VideoSource(**given)


def _require_columns(names: Sequence[object], where: str) -> None:
    if None in names:
        raise UsageError(f"{where}: has more cells than columns")
    for name in names:
        if not is_utf8(str(name)):
            raise UsageError(f"{where}: a column's name {encoding_hint(str(name))}")
        if name not in COLUMNS:
            nearest = difflib.get_close_matches(str(name), COLUMNS, 1, 0)[0]
            raise UsageError(f"{where}: unknown column {name!r}, did you mean {nearest!r}? Known: {', '.join(COLUMNS)}")
    if "uri" not in names:
        raise UsageError(f"{where}: has no column uri")


def _absolute(uri: str, folder: str) -> str:
    if "://" in uri:
        return uri
    joined = posixpath.join(folder, uri)
    return joined if "://" in folder else storable_uri(joined)

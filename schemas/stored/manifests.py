"""The manifests of a dataset as a DuckDB database: each table is a view over its Parquet parts, read column by column.

Memory does not grow with the dataset: what a query cannot hold within MEMORY_MB goes to a temporary folder.
"""

import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import fsspec
from fsspec.implementations.local import LocalFileSystem

from schemas.arrow_tables import arrow_schema
from schemas.errors import IntegrityError
from schemas.stored.answers import answering
from schemas.stored.confined import confined_path
from schemas.stored.parquet import copy_parquet
from schemas.stored.record import DATASET
from schemas.tables import TABLES

MEMORY_MB = 256
_OF_EACH_FRAME = ("boxes_xyxy", "interpolated")  # most of a dataset's manifests, and asked for by no query

Manifests = duckdb.DuckDBPyConnection
"""A database with the views sources, decisions, tracks, clips, shards and failures."""


@contextmanager
def open_manifests(parts: Iterable[tuple[str, str]], fetch: Callable[[str, str], None]) -> Iterator[Manifests]:
    """Open some parts of a dataset's tables, given as (table, path below the dataset), in that order.

    fetch(part, path) makes the part readable at a local path: see `link_part` and `copy_part`.
    """
    with tempfile.TemporaryDirectory(prefix="talkshard-manifests-") as folder:
        views = _fetched(parts, fetch, folder)
        with duckdb.connect() as database:
            database.execute(
                f"SET threads = 1; SET memory_limit = '{MEMORY_MB}MB'; SET autoinstall_known_extensions = false"
            )
            database.execute("SET temp_directory = $1", [f"{folder}/spilled"])
            for table, paths in views.items():
                _add_view(database, table, paths)
            yield database


@contextmanager
def stored_manifests(output: str, tables: Collection[str] = tuple(TABLES)) -> Iterator[Manifests]:
    """Open the parts that dataset.json lists, of a dataset in a folder or in any store that fsspec reads.

    tables: those that will be asked for; of a store only their parts are copied, and the others are empty.
    Without dataset.json, as after a run that made no clip, every part in the tables' folders counts.
    """
    store, root = fsspec.url_to_fs(output)

    def fetch(part: str, path: str) -> None:
        if isinstance(store, LocalFileSystem):
            link_part(f"{root}/{part}", path)
        else:
            with answering(store, part), store.open(f"{root}/{part}", "rb") as stream:
                copy_part(stream, path)

    parts = [(table, part) for table, part in _stored_parts(store, root) if table in tables]
    with open_manifests(parts, fetch) as database:
        yield database


def link_part(part: str, path: str) -> None:
    """Make a local part readable at a path whose name DuckDB takes literally."""
    os.symlink(os.path.abspath(part), path)


def copy_part(stream: BinaryIO, path: str) -> None:
    """Copy a part to a local path, one row group at a time, without the columns that hold a value of each frame."""
    copy_parquet(stream, path, _OF_EACH_FRAME)


def rows_of(manifests: Manifests, sql: str, values: list[Any] | dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """All rows of a query; only for queries with few of them."""
    answer = manifests.execute(sql, values)
    columns = [column[0] for column in answer.description]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def only_row(manifests: Manifests, sql: str) -> tuple[Any, ...]:
    """The row of a query that has exactly one."""
    (row,) = manifests.execute(sql).fetchall()
    return row


def columns_of(manifests: Manifests, table: str) -> list[str]:
    """Names of a table's columns; of a remote dataset, those that hold a value of each frame are not among them."""
    return manifests.table(table).columns


def row_count_problems(manifests: Manifests, expected: Mapping[str, int]) -> list[str]:
    """A line for each table that has another number of rows than its parts were written with."""
    found = {name: only_row(manifests, f"SELECT count(*) FROM {name}")[0] for name in expected}
    return [
        f"table {name} has {found[name]} rows, but its parts were written with {number}"
        for name, number in expected.items()
        if found[name] != number
    ]


def _fetched(parts: Iterable[tuple[str, str]], fetch: Callable[[str, str], None], folder: str) -> dict[str, list[str]]:
    """Table -> local paths of its parts."""
    views: dict[str, list[str]] = {name: [] for name in TABLES}
    for table, part in parts:
        path = str(Path(folder, f"{table}-{len(views[table]):06d}.parquet"))
        fetch(part, path)
        views[table].append(path)
    return views


def _add_view(database: Manifests, table: str, paths: list[str]) -> None:
    if not paths:
        database.register(table, arrow_schema(table).empty_table())
        return
    try:
        database.read_parquet(paths).create_view(table)
    except duckdb.Error as error:
        raise IntegrityError(f"a part of {table} is not a whole Parquet file: {str(error).splitlines()[0]}") from error


def _stored_parts(store: fsspec.AbstractFileSystem, root: str) -> list[tuple[str, str]]:
    """(table, path below the dataset) of all parts, sorted by path."""
    if store.exists(f"{root}/{DATASET}"):
        listed = json.loads(store.cat_file(f"{root}/{DATASET}"))["manifests"]
        return [(_table_of(path, root), path) for path in sorted(part["path"] for part in listed)]
    parts = []
    for table in TABLES:
        folder = f"{root}/manifests/{table}"
        names = [path.rsplit("/", 1)[-1] for path in (store.ls(folder, detail=False) if store.exists(folder) else [])]
        parts += [(table, f"manifests/{table}/{name}") for name in sorted(names) if name.endswith(".parquet")]
    return parts


def _table_of(path: str, root: str) -> str:
    """The table that a part belongs to, by its path. IntegrityError: it is no path of a part."""
    folders = confined_path(path, root).split("/")
    if len(folders) != 3 or folders[1] not in TABLES:
        raise IntegrityError(f"{DATASET} of {root} names {path!r}, which is no part of a table: copy it again")
    return folders[1]

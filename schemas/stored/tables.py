"""The manifests of a dataset as Arrow tables, from a folder or any store that fsspec reads."""

import json
from pathlib import PurePosixPath

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.tables import arrow_schema

DATASET = "dataset.json"


def stored_table(output: str, name: str, columns: list[str] | None = None) -> pa.Table:
    """One table, or some columns of it. dataset.json says which parts count; without a part there are no rows."""
    store, root = fsspec.url_to_fs(output)
    parts = sorted(store.glob(f"{_quoted(root)}/manifests/{name}/*.parquet"))
    listed = _listed_parts(store, root)
    if listed is not None:
        parts = [path for path in parts if f"manifests/{name}/{PurePosixPath(path).name}" in listed]
    tables = []
    for path in parts:
        with store.open(path, "rb") as file:
            tables.append(pq.read_table(file, columns=columns))
    if not tables:
        empty = arrow_schema(name).empty_table()
        return empty if columns is None else empty.select(columns)
    return pa.concat_tables(tables)


def read_object(output: str, path: str, offset: int, length: int) -> bytes:
    """`length` bytes at `offset` of an object below the dataset."""
    store, root = fsspec.url_to_fs(output)
    with store.open(f"{root}/{path}", "rb") as file:
        file.seek(offset)
        return file.read(length)


def has_object(output: str, path: str) -> bool:
    """Whether there is such an object below the dataset."""
    store, root = fsspec.url_to_fs(output)
    return store.exists(f"{root}/{path}")


def _listed_parts(store: fsspec.AbstractFileSystem, root: str) -> set[str] | None:
    """Paths below the dataset that dataset.json lists; None without one, as after a run that gave no clip."""
    if not store.exists(f"{root}/{DATASET}"):
        return None
    return {part["path"] for part in json.loads(store.cat_file(f"{root}/{DATASET}"))["manifests"]}


def _quoted(root: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in root)

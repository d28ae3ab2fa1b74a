"""The manifests of a dataset as Arrow tables, from a folder or any store that fsspec reads."""

import json
from pathlib import PurePosixPath

import fsspec
import pyarrow as pa

from schemas.arrow_tables import arrow_schema
from schemas.errors import StorageError
from schemas.generations import DATASET
from schemas.stored.confined import confined_path
from schemas.stored.parquet import read_parquet


def stored_table(output: str, name: str, columns: list[str] | None = None) -> pa.Table:
    """One table, or some columns of it, from the parts that dataset.json lists; without any part it has no rows.

    Without dataset.json, as after a run that made no clip, every part in the table's folder counts.
    """
    store, root = fsspec.url_to_fs(output)
    parts = sorted(store.glob(f"{_escape_glob(root)}/manifests/{name}/*.parquet"))
    listed = _listed_parts(store, root)
    if listed is not None:
        parts = [path for path in parts if f"manifests/{name}/{PurePosixPath(path).name}" in listed]
    tables = []
    for path in parts:
        with store.open(path, "rb") as file:
            tables.append(read_parquet(file, columns))
    if not tables:
        empty = arrow_schema(name).empty_table()
        return empty if columns is None else empty.select(columns)
    return pa.concat_tables(tables)


def has_object(output: str, path: str) -> bool:
    """Whether the dataset holds an object at this path below it. StorageError: its store does not say.

    IntegrityError: the path leads out of the dataset.
    """
    store, root = fsspec.url_to_fs(output)
    return _is_there(store, f"{root}/{confined_path(path, output)}")


def _listed_parts(store: fsspec.AbstractFileSystem, root: str) -> set[str] | None:
    """Paths of all parts that dataset.json lists; None without dataset.json."""
    if not _is_there(store, f"{root}/{DATASET}"):
        return None
    return {confined_path(part["path"], root) for part in json.loads(store.cat_file(f"{root}/{DATASET}"))["manifests"]}


def _is_there(store: fsspec.AbstractFileSystem, path: str) -> bool:
    """Whether the store holds an object; fsspec's `exists` takes any error for no."""
    try:
        store.info(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except Exception as error:  # each store's client raises its own types
        raise StorageError(f"cannot look for {path!r}: {error}") from error
    return True


def _escape_glob(root: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in root)

"""Where the clips of a dataset lie, by dataset.json and the clips table, and their bytes, from any store fsspec reads."""

import functools
import json
import mmap
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb
import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import IntegrityError, StorageError, UsageError
from schemas.tables import SCHEMA_VERSION

_PLACE = ["key", "shard", "tar_offset", "tar_length", "num_frames", "image_px", "speaker", "source_uri", "licence"]
_SHARDS_MAPPED = 64  # an epoch mixes the clips of few shards at a time
_SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClip:
    """One clip's place and its tar members as they are stored."""

    key: str
    shard: str  # path below the dataset
    num_frames: int
    image_px: int
    members: bytes | memoryview  # of a local file: its pages, read as they are touched


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClips:
    """Places of clips in a dataset: small, can be pickled, and opens its store anew in each process."""

    dataset: str
    places: pa.Table  # the columns of _PLACE, by shard and offset

    def __len__(self) -> int:
        return self.places.num_rows

    @property
    def people(self) -> list[str]:
        """Who is seen in each clip: without a speaker's name each source counts as a person of its own."""
        return [
            clip["speaker"] or clip["source_uri"] for clip in self.places.select(["speaker", "source_uri"]).to_pylist()
        ]

    def read(self, numbers: Iterable[int]) -> Iterator[StoredClip]:
        """The clips of these rows of `places`, each by its byte range alone.

        StorageError: the store does not answer. IntegrityError: a shard ends too soon.
        """
        store, root = fsspec.url_to_fs(self.dataset)
        rows = self.places.take(pa.array(numbers, pa.int64())).to_pylist()
        pieces = _mapped(root, rows) if type(store) is LocalFileSystem else _fetched(store, root, rows)
        for row in rows:
            try:
                piece = next(pieces)
            except OSError as error:
                raise StorageError(f"{row['shard']} of {self.dataset} cannot be read: {error}") from error
            if len(piece) != row["tar_length"]:
                raise IntegrityError(
                    f"{row['shard']} of {self.dataset} gave {len(piece)} bytes for clip {row['key']}, not "
                    f"{row['tar_length']}: it is cut off, or its store gives no byte ranges; copy it again"
                )
            yield StoredClip(
                key=row["key"],
                shard=row["shard"],
                num_frames=row["num_frames"],
                image_px=row["image_px"],
                members=piece,
            )


def _fetched(store: fsspec.AbstractFileSystem, root: str, rows: list[dict]) -> Iterator[bytes]:
    """Ranges of any store: a far one is asked for all at once."""
    ends = [row["tar_offset"] + row["tar_length"] for row in rows]
    yield from store.cat_ranges(
        [f"{root}/{row['shard']}" for row in rows], [row["tar_offset"] for row in rows], ends, on_error="raise"
    )


def _mapped(root: str, rows: list[dict]) -> Iterator[memoryview]:
    """Ranges of local files, of which nothing is copied: a sample needs a tenth of its clip."""
    for row in rows:
        path = f"{root}/{row['shard']}"
        now = os.stat(path)
        shard = _map_shard(path, now.st_ino, now.st_mtime_ns, now.st_size)
        yield memoryview(shard)[row["tar_offset"] : row["tar_offset"] + row["tar_length"]]


@functools.lru_cache(maxsize=_SHARDS_MAPPED)
def _map_shard(path: str, _inode: int, _changed_ns: int, size_bytes: int) -> mmap.mmap | bytes:
    """A file's bytes without reading them; a file that changed is mapped anew."""
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size_bytes else b""


def find_clips(dataset: str, split: str | None = None, where: str | None = None) -> StoredClips:
    """The clips of a split (None: all) for which a DuckDB condition on the clips table holds, by shard and offset.

    Nothing of the shards is read but their sizes. UsageError: no dataset, another schema version, a wrong condition, no
    such clip. IntegrityError: manifests or shards are not what dataset.json says.
    """
    if split is not None and split not in _SPLITS:
        raise UsageError(f"there is no split {split!r}: give one of {', '.join(_SPLITS)}")
    record = _dataset_record(dataset)
    table = _clips_table(dataset, record, None if where else [*_PLACE, "split"])
    _check_counts(dataset, record["shards"], table)
    places = _asked_for(table, split, where)
    if not len(places):
        asked = "".join([f" of split {split}" if split else "", f" where {where}" if where else ""])
        raise UsageError(f"{dataset} holds no clip{asked}: see the values in manifests/clips")
    touched = set(places["shard"].unique().to_pylist())
    _check_sizes(dataset, [shard for shard in record["shards"] if shard["path"] in touched])
    return StoredClips(dataset=dataset, places=places)


def _dataset_record(dataset: str) -> dict:
    store, root = fsspec.url_to_fs(dataset)
    try:
        record = json.loads(store.cat_file(f"{root}/dataset.json"))
    except FileNotFoundError as error:
        raise UsageError(
            f"{dataset} holds no dataset.json: give the --output of a `talkshard build` that ended well"
        ) from error
    except ValueError as error:
        raise IntegrityError(f"dataset.json of {dataset} is no JSON ({error}): copy it again") from error
    if record.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(
            f"{dataset} is of schema version {record.get('schema_version')}, this Talkshard reads "
            f"{SCHEMA_VERSION}: build it again, or read it with the Talkshard that built it"
        )
    return record


def _clips_table(dataset: str, record: dict, columns: list[str] | None) -> pa.Table:
    """The clips table, or some columns of it, of all parts that dataset.json lists."""
    store, root = fsspec.url_to_fs(dataset)
    parts = []
    for part in (part["path"] for part in record["manifests"] if part["table"] == "clips"):
        try:
            with store.open(f"{root}/{part}", "rb") as file:
                parts.append(pq.read_table(file, columns=columns))
        except FileNotFoundError as error:
            raise IntegrityError(
                f"{dataset} lacks {part}, which its dataset.json lists: copy the whole dataset, manifests and shards"
            ) from error
        except pa.ArrowInvalid as error:
            raise IntegrityError(f"{part} of {dataset} is no whole Parquet file: copy it again") from error
    if not parts:
        raise IntegrityError(f"dataset.json of {dataset} lists no part of the clips table: build it again")
    return pa.concat_tables(parts)


def _check_counts(dataset: str, shards: list[dict], clips: pa.Table) -> None:
    counted = {item["values"]: item["counts"] for item in pc.value_counts(clips["shard"]).to_pylist()}
    listed = {shard["path"]: shard["num_clips"] for shard in shards}
    for path in sorted(counted.keys() | listed.keys()):
        if counted.get(path, 0) != listed.get(path, 0):
            raise IntegrityError(
                f"{path} of {dataset} has {listed.get(path, 0)} clips by dataset.json, but "
                f"{counted.get(path, 0)} by the clips table: see `talkshard verify`"
            )


def _asked_for(clips: pa.Table, split: str | None, where: str | None) -> pa.Table:
    """Places of the rows of a split that meet a condition, in the shards' order."""
    database = duckdb.connect(config={"enable_external_access": False, "threads": 1})
    conditions = [f"({where}\n)"] if where else []  # a condition may end in a comment
    conditions += [f"split = '{split}'"] if split else []
    query = f"SELECT {', '.join(_PLACE)} FROM clips{' WHERE ' if conditions else ''}{' AND '.join(conditions)}"
    try:
        database.register("clips", clips)
        return database.sql(f"{query} ORDER BY shard, tar_offset").to_arrow_table().combine_chunks()
    except duckdb.Error as error:
        raise UsageError(f"where={where!r} is no condition on the clips table: {str(error).splitlines()[0]}") from error
    finally:
        database.close()


def _check_sizes(dataset: str, shards: list[dict]) -> None:
    store, root = fsspec.url_to_fs(dataset)
    try:
        sizes = store.sizes([f"{root}/{shard['path']}" for shard in shards])
    except FileNotFoundError as error:
        raise IntegrityError(f"{dataset} lacks a shard that its dataset.json lists: {error}") from error
    for shard, size_bytes in zip(shards, sizes, strict=True):
        if size_bytes is not None and size_bytes != shard["size_bytes"]:  # some stores do not tell
            raise IntegrityError(
                f"{shard['path']} of {dataset} has {size_bytes} bytes, not {shard['size_bytes']} as "
                "dataset.json says: it is cut off or another; copy it again"
            )

"""Places of a dataset's clips, by dataset.json and the clips table, and their bytes, from any store fsspec reads."""

import functools
import mmap
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb
import fsspec
import pyarrow as pa
import pyarrow.compute as pc
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import IntegrityError, StorageError, UsageError
from schemas.person_names import compared_name
from schemas.stored.confined import confined_name, confined_path
from schemas.stored.parquet import read_parquet
from schemas.stored.record import dataset_record

INDEX_COLUMNS = [
    "key",
    "shard",
    "tar_offset",
    "tar_length",
    "num_frames",
    "image_px",
    "speaker",
    "source_uri",
    "licence",
]
_OF_STORED_CLIP = ("key", "shard", "num_frames", "image_px")
_MAX_MAPPED_SHARDS = 64  # an epoch mixes the clips of few shards at a time
_SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClip:
    """One clip's place and its tar members, as stored."""

    key: str
    shard: str  # path below the dataset
    num_frames: int
    image_px: int
    members: bytes | memoryview  # of a local file: mapped, read from disk as they are touched


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredClips:
    """Places of clips in a dataset. Small; can be pickled: each process opens the store itself."""

    dataset: str
    places: pa.Table  # INDEX_COLUMNS of the clips table, a row for each clip

    def __len__(self) -> int:
        """Number of clips."""
        return self.places.num_rows

    @property
    def speaker_column(self) -> pa.DictionaryArray:
        """The speaker of each clip, as a number and a name; without a name, each source counts as a speaker.

        Of several spellings of a speaker, the first stands for all.
        """
        named = pc.fill_null(pc.not_equal(self.places["speaker"], ""), False)
        speakers = pc.if_else(named, _one_spelling(self.places["speaker"]), self.places["source_uri"])
        return pc.dictionary_encode(speakers).combine_chunks()

    @property
    def speakers(self) -> list[str]:
        """The speaker of each clip, as speaker_column has it."""
        return self.speaker_column.to_pylist()

    def read(self, numbers: Iterable[int]) -> Iterator[StoredClip]:
        """The clips of these rows of `places`; of a shard only their byte ranges are read.

        StorageError: the store does not answer. IntegrityError: a shard is too short, or outside the dataset.
        """
        store, root = fsspec.url_to_fs(self.dataset)
        rows = self.places.take(pa.array(numbers, pa.int64())).to_pylist()
        for row in rows:
            confined_path(row["shard"], self.dataset)
            confined_name(row["key"], self.dataset)
        ranges: Iterator[bytes | memoryview] = (
            _mapped(root, rows) if type(store) is LocalFileSystem else _fetched(store, root, rows)
        )
        for row in rows:
            try:
                members = next(ranges)
            except OSError as error:
                raise StorageError(f"{row['shard']} of {self.dataset} cannot be read: {error}") from error
            if len(members) != row["tar_length"]:
                raise IntegrityError(
                    f"{row['shard']} of {self.dataset} gave {len(members)} bytes for clip {row['key']}, not "
                    f"{row['tar_length']}: it is cut off, or its store gives no byte ranges; copy it again"
                )
            yield StoredClip(members=members, **{name: row[name] for name in _OF_STORED_CLIP})


def _one_spelling(speakers: pa.ChunkedArray) -> pa.Array:
    """Names of speakers, each in the first of its spellings."""
    encoded = speakers.combine_chunks().dictionary_encode()
    first: dict[str, str] = {}
    names = [first.setdefault(compared_name(name), name) for name in encoded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(encoded.indices)


def _fetched(store: fsspec.AbstractFileSystem, root: str, rows: list[dict]) -> Iterator[bytes]:
    """Byte ranges from any store; a remote one is asked for all of them at once."""
    ends = [row["tar_offset"] + row["tar_length"] for row in rows]
    yield from store.cat_ranges(
        [f"{root}/{row['shard']}" for row in rows], [row["tar_offset"] for row in rows], ends, on_error="raise"
    )


def _mapped(root: str, rows: list[dict]) -> Iterator[memoryview]:
    """Byte ranges of local files, mapped and not copied: a sample needs a tenth of its clip."""
    for row in rows:
        path = f"{root}/{row['shard']}"
        now = os.stat(path)
        shard = _map_shard(path, now.st_ino, now.st_mtime_ns, now.st_size)
        yield memoryview(shard)[row["tar_offset"] : row["tar_offset"] + row["tar_length"]]


@functools.lru_cache(maxsize=_MAX_MAPPED_SHARDS)
def _map_shard(path: str, _inode: int, _changed_ns: int, size_bytes: int) -> mmap.mmap | bytes:
    """A file's bytes, without reading them; a file that changed is mapped again."""
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size_bytes else b""


def find_clips(dataset: str, split: str | None = None, where: str | None = None) -> StoredClips:
    """Places of the clips of a split (None: all) that meet a DuckDB condition on the clips table, in the shards' order.

    Only the shards' sizes are checked, nothing in them is read. UsageError: no dataset, another schema version, a wrong
    condition, or no clip meets it. IntegrityError: manifests or shards are not what dataset.json says.
    """
    if split is not None and split not in _SPLITS:
        raise UsageError(f"there is no split {split!r}: give one of {', '.join(_SPLITS)}")
    record = dataset_record(dataset)
    table = _clips_table(dataset, record, None if where else [*INDEX_COLUMNS, "split"])
    _check_counts(dataset, record["shards"], table)
    places = _chosen_places(table, split, where)
    if not len(places):
        asked = "".join([f" of split {split}" if split else "", f" where {where}" if where else ""])
        raise UsageError(f"{dataset} holds no clip{asked}: see the values in manifests/clips")
    touched = set(places["shard"].unique().to_pylist())
    _check_sizes(dataset, [shard for shard in record["shards"] if shard["path"] in touched])
    return StoredClips(dataset=dataset, places=places)


def _clips_table(dataset: str, record: dict, columns: list[str] | None) -> pa.Table:
    """All parts of the clips table that dataset.json lists, or some columns of them."""
    store, root = fsspec.url_to_fs(dataset)
    parts = []
    for part in (part["path"] for part in record["manifests"] if part["table"] == "clips"):
        try:
            with store.open(f"{root}/{part}", "rb") as file:
                parts.append(read_parquet(file, columns))
        except FileNotFoundError as error:
            raise IntegrityError(
                f"{dataset} lacks {part}, which its dataset.json lists: copy the whole dataset, manifests and shards"
            ) from error
        except pa.ArrowInvalid as error:
            raise IntegrityError(f"{part} of {dataset} is not a whole Parquet file: copy it again") from error
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


def _chosen_places(clips: pa.Table, split: str | None, where: str | None) -> pa.Table:
    """INDEX_COLUMNS of the rows of a split that meet a condition, in the shards' order."""
    database = duckdb.connect(config={"enable_external_access": False, "threads": 1})
    conditions = [f"({where}\n)"] if where else []  # a condition may end in a comment
    conditions += [f"split = '{split}'"] if split else []
    query = f"SELECT {', '.join(INDEX_COLUMNS)} FROM clips{' WHERE ' if conditions else ''}{' AND '.join(conditions)}"
    try:
        database.register("clips", clips)
        return database.sql(f"{query} ORDER BY shard, tar_offset").to_arrow_table().combine_chunks()
    except duckdb.Error as error:
        raise UsageError(
            f"where={where!r} is not a condition on the clips table: {str(error).splitlines()[0]}"
        ) from error
    finally:
        database.close()


def _check_sizes(dataset: str, shards: list[dict]) -> None:
    store, root = fsspec.url_to_fs(dataset)
    try:
        sizes = store.sizes([f"{root}/{shard['path']}" for shard in shards])
    except FileNotFoundError as error:
        raise IntegrityError(f"{dataset} lacks a shard that its dataset.json lists: {error}") from error
    for shard, size_bytes in zip(shards, sizes, strict=True):
        if size_bytes is not None and size_bytes != shard["size_bytes"]:  # some stores do not say
            raise IntegrityError(
                f"{shard['path']} of {dataset} has {size_bytes} bytes, not {shard['size_bytes']} as "
                "dataset.json says: it is cut off, or another file; copy it again"
            )

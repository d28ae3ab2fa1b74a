"""Checks of a stored dataset against its dataset.json: hashes, rows that add up, clips where their rows say."""

import hashlib
import tarfile
from collections.abc import Mapping
from typing import BinaryIO

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow_tables import arrow_schema
from schemas.clip_parts import BLOCK_BYTES, PLACE_COLUMNS, ROW
from schemas.errors import IntegrityError, UsageError
from schemas.stored.decode import decode_json
from schemas.stored.parquet import read_parquet
from schemas.stored.record import dataset_record
from schemas.tables import TABLES
from transforms.manifests.accounting import find_problems

_READ_BYTES = 1 << 20


class _Dataset:
    """Objects below a dataset, from a folder or any store that fsspec reads."""

    def __init__(self, output: str) -> None:
        self._store, root = fsspec.url_to_fs(output)
        self._root = root.rstrip("/")

    def open(self, path: str) -> BinaryIO:
        return self._store.open(f"{self._root}/{path}", "rb")

    def sha256_and_size(self, path: str) -> tuple[str, int]:
        digest, size_bytes = hashlib.sha256(), 0
        with self.open(path) as stream:
            while block := stream.read(_READ_BYTES):
                digest.update(block)
                size_bytes += len(block)
        return digest.hexdigest(), size_bytes


def verify_dataset(output: str) -> list[str]:
    """One line for each problem; none when all is well. `output` is a folder or a URL."""
    try:
        record = dataset_record(output)
    except (UsageError, IntegrityError) as error:
        return [str(error)]
    dataset = _Dataset(output)
    problems = [line for item in [*record["shards"], *record["manifests"]] for line in _object_problems(dataset, item)]
    if problems:
        return problems  # rows and members of damaged objects would only say the same again
    tables = {name: _read_table(dataset, name, record["manifests"]) for name in TABLES}
    return _record_problems(record, tables) + find_problems(tables) + _shard_problems(dataset, tables)


def _object_problems(dataset: _Dataset, item: dict) -> list[str]:
    """An object that is missing, or that does not have the hash or size that dataset.json gives."""
    try:
        sha256, size_bytes = dataset.sha256_and_size(item["path"])
    except OSError as error:
        return [f"{item['path']} cannot be read: {error}"]
    if (sha256, size_bytes) == (item["sha256"], item["size_bytes"]):
        return []
    return [f"{item['path']} has sha256 {sha256} and {size_bytes} bytes, not {item['sha256']} and {item['size_bytes']}"]


def _read_table(dataset: _Dataset, name: str, parts: list[dict]) -> pa.Table:
    tables = []
    for part in parts:
        if part["table"] == name:
            with dataset.open(part["path"]) as stream:
                tables.append(read_parquet(stream))
    return pa.concat_tables(tables or [arrow_schema(name).empty_table()])


def _record_problems(record: dict, tables: Mapping[str, pa.Table]) -> list[str]:
    """Differences between dataset.json and the tables it lists."""
    problems = []
    listed = sorted(
        (item["path"], item["split"], item["num_clips"], item["size_bytes"], item["sha256"])
        for item in record["shards"]
    )
    rows = sorted(
        (row["shard"], row["split"], row["num_clips"], row["size_bytes"], row["sha256"])
        for row in tables["shards"].to_pylist()
    )
    if listed != rows:
        problems.append("dataset.json lists other shards than the shards table")
    for name, table in tables.items():
        num_rows = sum(part["num_rows"] for part in record["manifests"] if part["table"] == name)
        if num_rows != table.num_rows:
            problems.append(f"table {name} has {table.num_rows} rows, but dataset.json says {num_rows}")
    return problems


def _shard_problems(dataset: _Dataset, tables: Mapping[str, pa.Table]) -> list[str]:
    """Differences between each shard, read as a tar file, and its clips' rows; all clips must have the same parts."""
    problems: list[str] = []
    parts: set[tuple[str, ...]] = set()
    for shard in tables["shards"]["shard"].to_pylist():
        rows = tables["clips"].filter(pc.equal(tables["clips"]["shard"], shard)).to_pylist()
        try:
            with dataset.open(shard) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
                problems += _clip_problems(shard, tar, {row["key"]: row for row in rows}, parts)
        except tarfile.TarError as error:
            problems.append(f"{shard} is not a tar file: {error}")
    if len(parts) > 1:
        problems.append(f"clips have different parts: {' or '.join(sorted(map(str, parts)))}")
    return problems


def _clip_problems(shard: str, tar: tarfile.TarFile, rows: dict[str, dict], parts: set[tuple[str, ...]]) -> list[str]:
    """Clips whose members are not where their row says, or whose KEY.json differs; notes which parts clips have."""
    members: dict[str, list[tarfile.TarInfo]] = {}
    for member in tar:
        members.setdefault(member.name.split(".")[0], []).append(member)
    problems = [f"clip {key} has a row, but is not in {shard}" for key in sorted(set(rows) - set(members))]
    for key, found in members.items():
        parts.add(tuple(member.name.split(".", 1)[1] for member in found))
        if key not in rows:
            problems.append(f"clip {key} in {shard} has no row")
            continue
        last = found[-1]
        end = last.offset_data + -(-last.size // BLOCK_BYTES) * BLOCK_BYTES
        if (rows[key]["tar_offset"], rows[key]["tar_length"]) != (found[0].offset, end - found[0].offset):
            problems.append(f"clip {key} lies at bytes {found[0].offset} to {end} of {shard}, its row says otherwise")
        problems += _provenance_problems(key, tar, rows[key])
    return problems


def _provenance_problems(key: str, tar: tarfile.TarFile, row: dict) -> list[str]:
    """Columns of the row that KEY.json gives other values."""
    try:
        stored = decode_json(_content(tar, f"{key}.{ROW}"))
    except (KeyError, ValueError) as error:
        return [f"clip {key} has no readable {key}.{ROW}: {error}"]
    different = [name for name in row if name not in PLACE_COLUMNS and not _is_same(row[name], stored.get(name))]
    return [f"{key}.{ROW} and the clip's row differ in {', '.join(different)}"] if different else []


def _content(tar: tarfile.TarFile, member: str) -> bytes:
    """A member's bytes. KeyError: the tar has none of this name. ValueError: it is not a regular file."""
    file = tar.extractfile(member)
    if file is None:
        raise ValueError("it is not a regular file")
    return file.read()


def _is_same(in_table: object, in_json: object) -> bool:
    """Whether two values are equal, numbers as the float32 that tables hold."""
    if isinstance(in_table, float) and isinstance(in_json, int | float):
        return bool(np.float32(in_table) == np.float32(in_json))
    return in_table == in_json

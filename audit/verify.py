"""Whether a stored dataset is what its dataset.json says: hashes, rows that add up, clips where their rows say."""

import hashlib
import io
import json
import tarfile

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.tables import TABLES, arrow_schema
from transforms.manifests.accounting import find_problems
from transforms.media.tar import BLOCK_BYTES

_READ_BYTES = 1 << 20
_PLACE_COLUMNS = ("shard", "tar_offset", "tar_length")  # not in KEY.json: it is written before the clip is placed


class _Dataset:
    """Objects below a dataset, from a folder or any store that fsspec reads."""

    def __init__(self, output: str):
        self._store, root = fsspec.url_to_fs(output)
        self._root = root.rstrip("/")

    def open(self, path: str) -> io.BufferedIOBase:
        return self._store.open(f"{self._root}/{path}", "rb")

    def sha256_and_size(self, path: str) -> tuple[str, int]:
        digest, size_bytes = hashlib.sha256(), 0
        with self.open(path) as stream:
            while piece := stream.read(_READ_BYTES):
                digest.update(piece)
                size_bytes += len(piece)
        return digest.hexdigest(), size_bytes


def verify_dataset(output: str) -> list[str]:
    """One line for each thing that is wrong; none when all is well. `output` is a folder or a URL."""
    dataset = _Dataset(output)
    try:
        with dataset.open("dataset.json") as stream:
            record = json.load(stream)
    except FileNotFoundError:
        return [f"{output} has no dataset.json: no run ended well there"]
    except ValueError as error:
        return [f"dataset.json is no JSON: {error}"]
    objects = [*record["shards"], *record["manifests"]]
    problems = [line for item in objects for line in _wrong_object(dataset, item)]
    if problems:
        return problems  # rows and members of damaged objects would only say the same again
    tables = {name: _read_table(dataset, name, record["manifests"]) for name in TABLES}
    return _wrong_lists(record, tables) + find_problems(tables) + _wrong_shards(dataset, tables)


def _wrong_object(dataset: _Dataset, item: dict) -> list[str]:
    """An object that is gone, or not of its hash."""
    try:
        sha256, size_bytes = dataset.sha256_and_size(item["path"])
    except OSError as error:
        return [f"{item['path']} cannot be read: {error}"]
    if (sha256, size_bytes) == (item["sha256"], item["size_bytes"]):
        return []
    return [f"{item['path']} has sha256 {sha256} and {size_bytes} bytes, not {item['sha256']} and {item['size_bytes']}"]


def _read_table(dataset: _Dataset, name: str, parts: list[dict]) -> pa.Table:
    pieces = []
    for part in parts:
        if part["table"] == name:
            with dataset.open(part["path"]) as stream:
                pieces.append(pq.read_table(stream))
    return pa.concat_tables(pieces or [arrow_schema(name).empty_table()])


def _wrong_lists(record: dict, tables: dict[str, pa.Table]) -> list[str]:
    """dataset.json against the tables it lists."""
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


def _wrong_shards(dataset: _Dataset, tables: dict[str, pa.Table]) -> list[str]:
    """Each shard read as tar against the clips' rows; all clips of a dataset have the same parts."""
    problems, parts = [], set()
    for shard in tables["shards"]["shard"].to_pylist():
        rows = tables["clips"].filter(pa.compute.equal(tables["clips"]["shard"], shard)).to_pylist()
        try:
            with dataset.open(shard) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
                problems += _wrong_clips(shard, tar, {row["key"]: row for row in rows}, parts)
        except tarfile.TarError as error:
            problems.append(f"{shard} is no tar: {error}")
    if len(parts) > 1:
        problems.append(f"clips have different parts: {' or '.join(sorted(map(str, parts)))}")
    return problems


def _wrong_clips(shard: str, tar: tarfile.TarFile, rows: dict[str, dict], parts: set[tuple[str, ...]]) -> list[str]:
    """Clips whose members do not lie where their row says, or whose KEY.json tells something else."""
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
        problems += _wrong_provenance(key, tar, rows[key])
    return problems


def _wrong_provenance(key: str, tar: tarfile.TarFile, row: dict) -> list[str]:
    """Columns of the row that KEY.json tells otherwise."""
    try:
        told = json.load(tar.extractfile(f"{key}.json"))
    except (KeyError, ValueError) as error:
        return [f"clip {key} has no readable {key}.json: {error}"]
    different = [name for name in row if name not in _PLACE_COLUMNS and not _same(row[name], told.get(name))]
    return [f"{key}.json and the clip's row differ in {', '.join(different)}"] if different else []


def _same(stored: object, told: object) -> bool:
    """Equal, numbers as the float32 that tables hold."""
    if isinstance(stored, float) and isinstance(told, int | float):
        return np.float32(stored) == np.float32(told)
    return stored == told

"""Checks of a stored dataset against its dataset.json: hashes, rows that add up, clips where their rows say."""

import hashlib
import itertools
import tarfile
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import fsspec
import numpy as np

from schemas.clip_parts import BLOCK_BYTES, PLACE_COLUMNS, ROW
from schemas.errors import IntegrityError, UsageError
from schemas.stored.confined import confined_path
from schemas.stored.decode import decode_json
from schemas.stored.manifests import Manifests, row_count_problems, stored_manifests
from schemas.stored.record import dataset_record
from transforms.manifests.accounting import find_problems

_READ_BYTES = 1 << 20
_ROWS_AT_ONCE = 1024


class _Dataset:
    """Objects below a dataset, from a folder or any store that fsspec reads."""

    def __init__(self, output: str) -> None:
        self._store, root = fsspec.url_to_fs(output)
        self._root = root.rstrip("/")

    def open(self, path: str) -> BinaryIO:
        return self._store.open(f"{self._root}/{confined_path(path, self._root)}", "rb")

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
    with stored_manifests(output) as manifests:
        problems = _record_problems(record, manifests) + find_problems(manifests)
        return problems + _shard_problems(dataset, manifests)


def _object_problems(dataset: _Dataset, item: dict) -> list[str]:
    """An object that is missing, or that does not have the hash or size that dataset.json gives."""
    try:
        sha256, size_bytes = dataset.sha256_and_size(item["path"])
    except OSError as error:
        return [f"{item['path']} cannot be read: {error}"]
    if (sha256, size_bytes) == (item["sha256"], item["size_bytes"]):
        return []
    return [f"{item['path']} has sha256 {sha256} and {size_bytes} bytes, not {item['sha256']} and {item['size_bytes']}"]


def _record_problems(record: dict, manifests: Manifests) -> list[str]:
    """Differences between dataset.json and the tables it lists."""
    columns = ("path", "split", "num_clips", "size_bytes", "sha256")
    listed = sorted(tuple(item[name] for name in columns) for item in record["shards"])
    rows = manifests.execute("SELECT shard, split, num_clips, size_bytes, sha256 FROM shards ORDER BY ALL").fetchall()
    problems = [] if listed == rows else ["dataset.json lists other shards than the shards table"]
    num_rows = Counter[str]()
    for part in record["manifests"]:
        num_rows[part["table"]] += part["num_rows"]
    return problems + row_count_problems(manifests, num_rows)


def _shard_problems(dataset: _Dataset, manifests: Manifests) -> list[str]:
    """Differences between each shard, read as a tar file, and its clips' rows; all clips must have the same parts."""
    problems: list[str] = []
    parts: set[tuple[str, ...]] = set()
    for shard, rows in _rows_by_shard(manifests):
        try:
            with dataset.open(shard) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
                problems += _clip_problems(shard, tar, rows, parts)
        except tarfile.TarError as error:
            problems.append(f"{shard} is not a tar file: {error}")
        except IntegrityError as error:
            problems.append(str(error))
    if len(parts) > 1:
        problems.append(f"clips have different parts: {' or '.join(sorted(map(str, parts)))}")
    return problems


def _rows_by_shard(manifests: Manifests) -> Iterator[tuple[str, dict[str, dict]]]:
    """Each shard with the rows of its clips by key, one shard at a time."""
    batches = manifests.sql(
        "SELECT shards.shard AS of_shard, clips.* FROM shards LEFT JOIN clips USING (shard) ORDER BY shards.shard"
    ).to_arrow_reader(_ROWS_AT_ONCE)
    rows = (row for batch in batches for row in batch.to_pylist())
    for shard, found in itertools.groupby(rows, key=lambda row: row.pop("of_shard")):
        yield shard, {row["key"]: row for row in found if row["key"] is not None}


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

"""Made tables of a dataset of any size that adds up, as Parquet parts; shards hold only the faces the report shows."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audit.report import report_facts, shown_keys
from schemas.arrow_tables import arrow_schema
from schemas.stored.manifests import stored_manifests
from transforms.manifests.parts import ManifestPart
from transforms.media.tar import tar_members
from transforms.shards.assign_shards import shard_path

_ROWS = 250_000  # of a part
_CLIP_BYTES = 100_352
_CLIPS_PER_SHARD = 2_500
_SCRAMBLE = 0x9E3779B97F4A7C15  # odd, so that no two numbers give one id


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many rows the tables have: a track for five decisions, a clip for ten unless their number is given."""

    sources: int
    decisions: int
    clips: int = 0

    @property
    def rows(self) -> dict[str, int]:
        """Table name -> number of rows."""
        clips = self.clips or self.decisions // 10
        return {
            "sources": self.sources,
            "decisions": self.decisions,
            "tracks": self.decisions // 5,
            "clips": clips,
            "shards": -(-clips // _CLIPS_PER_SHARD),
            "failures": self.sources // 100,
            "takedowns": 0,
        }


def write_tables(output: Path, sizes: Sizes) -> list[ManifestPart]:
    """Write all parts and shards of a made dataset; returns the parts."""
    parts = []
    for table, num_rows in sizes.rows.items():
        for number, first in enumerate(range(0, max(1, num_rows), _ROWS)):
            rows = np.arange(first, min(first + _ROWS, num_rows))
            parts.append(_write_part(output, table, number, _columns(table, rows, sizes), len(rows)))
    _write_shards(output, sizes)
    return parts


def _write_part(output: Path, table: str, number: int, columns: dict[str, object], num_rows: int) -> ManifestPart:
    path = f"manifests/{table}/part-{number:05d}.parquet"
    (output / path).parent.mkdir(parents=True, exist_ok=True)
    schema = arrow_schema(table)
    arrays = [_array(columns.get(field.name), field.type, num_rows) for field in schema]
    rows = pa.table(arrays, schema=schema)
    pq.write_table(rows, output / path, version="2.6", compression="zstd", compression_level=3, row_group_size=65_536)
    with open(output / path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size_bytes = (output / path).stat().st_size
    return ManifestPart(table=table, path=path, num_rows=num_rows, size_bytes=size_bytes, sha256=sha256)


def _array(values: object, kind: pa.DataType, num_rows: int) -> pa.Array:
    """The values, or the same for all rows where none or only one is given."""
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if isinstance(values, np.ndarray | list):
        return pa.array(values, kind)
    if not num_rows:
        return pa.array([], kind)
    return pa.repeat(pa.scalar(_ANY[str(kind)] if values is None else values, kind), num_rows)


_ANY: dict[str, object] = {
    "string": "",
    "int64": 0,
    "float": 0.5,
    "double": 1.0,
    "bool": False,
    "list<item: string>": [],
    "list<item: int64>": [],
    "list<item: float>": [],
    "list<item: bool>": [False] * 100,
    "fixed_size_list<item: float>[4]": [0.0, 0.0, 9.0, 9.0],
    "list<item: fixed_size_list<item: float>[4]>": [[0.0, 0.0, 9.0, 9.0]] * 100,
}
"""Values of the columns that no check and no page depends on."""


def _columns(table: str, rows: np.ndarray, sizes: Sizes) -> dict[str, object]:
    return {
        "sources": _sources,
        "decisions": _decisions,
        "tracks": _tracks,
        "clips": _clips,
        "shards": _shards,
        "failures": _failures,
        "takedowns": lambda rows, sizes: {},
    }[table](rows, sizes)


def _source_ids(numbers: np.ndarray) -> np.ndarray:
    return np.array([_source_id(int(number)) for number in numbers], object)


def _source_id(number: int) -> str:
    """An id that does not tell the order, as those of real sources do not."""
    return f"{number * _SCRAMBLE % 2**64:016x}"


def _source_of(rows: np.ndarray, table: str, sizes: Sizes) -> np.ndarray:
    """Number of the source that each row belongs to: as many for each, in order."""
    return rows * sizes.sources // sizes.rows[table]


def _sources(rows: np.ndarray, sizes: Sizes) -> dict[str, object]:
    first = -(-rows * sizes.rows["clips"] // sizes.sources)
    num_clips = -(-(rows + 1) * sizes.rows["clips"] // sizes.sources) - first
    has_failed = rows < sizes.rows["failures"]
    ids = _source_ids(rows)
    return {
        "source_id": ids,
        "uris": [[f"videos/{one[:14]}/{one}.mp4"] for one in ids],
        "duration_s": np.full(len(rows), 60.0),
        "split": "train",
        "split_unit": np.array([f"source:{one}" for one in ids], object),
        "licence": np.array([f"licence {number % 7}" for number in rows], object),
        "num_windows": 2 + has_failed,
        "windows_done": np.full(len(rows), 2),
        "windows_failed": has_failed.astype(int),
        "num_clips": num_clips,
        "status": np.where(num_clips > 0, "clips", np.where(has_failed, "failed", "decided")).astype(object),
    }


def _decisions(rows: np.ndarray, sizes: Sizes) -> dict[str, object]:
    """Five of each track, of which every second is dropped by the last."""
    track, order = rows // 5, rows % 5
    rules = np.array(("min_box_px", "min_track_s", "has_speech", "unsure_probability", "min_probability"), object)
    return {
        "subject_id": _track_ids(track, _source_of(track, "tracks", sizes)),
        "subject_kind": "track",
        "source_id": _source_ids(_source_of(track, "tracks", sizes)),
        "stage": "FindSpeakers",
        "rule": rules[order],
        "rule_order": order,
        "comparison": ">=",
        "value": (track * 7919 % 1000) / 1000,
        "threshold": np.full(len(rows), 0.5),
        "unit": "probability",
        "kept": (order < 4) | (track % 2 == 0),
    }


def _track_ids(tracks: np.ndarray, sources: np.ndarray) -> np.ndarray:
    return np.array([f"{_source_id(int(s))}-w00000-t{t:09d}" for t, s in zip(tracks, sources, strict=True)], object)


def _tracks(rows: np.ndarray, sizes: Sizes) -> dict[str, object]:
    sources = _source_of(rows, "tracks", sizes)
    values = (rows * 7919 % 1000) / 1000
    return {
        "track_id": _track_ids(rows, sources),
        "source_id": _source_ids(sources),
        "sync_probability": values,
        "sync_confidence": values,
        "audio_lag_frames": np.round(values * 6 - 3),
        "face_source_px": 40 + values * 300,
        "sync_curve": pa.FixedSizeListArray.from_arrays(
            np.tile(np.linspace(0, 1, 31, dtype=np.float32), len(rows)), 31
        ),
    }


def _clips(rows: np.ndarray, sizes: Sizes) -> dict[str, object]:
    sources = _source_of(rows, "clips", sizes)
    ids = _source_ids(sources)
    tracks = -(-sources * sizes.rows["tracks"] // sizes.sources)  # the first of the source
    return {
        "key": np.array([_key(int(number), sizes) for number in rows], object),
        "shard": np.array([shard_path("train", number // _CLIPS_PER_SHARD, 1) for number in rows], object),
        "tar_offset": rows % _CLIPS_PER_SHARD * _CLIP_BYTES,
        "tar_length": np.full(len(rows), _CLIP_BYTES),
        "source_id": ids,
        "source_uri": np.array([f"videos/{one[:14]}/{one}.mp4" for one in ids], object),
        "track_id": _track_ids(tracks, sources),
        "num_frames": np.full(len(rows), 100),
        "image_px": 112,
        "split": "train",
        "split_unit": np.array([f"source:{one}" for one in ids], object),
        "licence": np.array([f"licence {number % 7}" for number in sources], object),
        "sync_probability": 0.5 + (rows * 7919 % 1000) / 2000,
        "sync_confidence": 0.5,
        "audio_lag_frames": 0.0,
        "detector": "made",
        "person_id": np.array([f"p{number // 20:08d}" for number in sources], object),
        "person_confidence": 0.5 + (rows * 7919 % 1000) / 2000,
    }


def _key(number: int, sizes: Sizes) -> str:
    return f"{_source_id(number * sizes.sources // sizes.rows['clips'])}-{number:09d}"


def _shard_sizes(rows: np.ndarray, sizes: Sizes) -> tuple[np.ndarray, np.ndarray]:
    """Clips and bytes of each shard."""
    num_clips = np.minimum(_CLIPS_PER_SHARD, sizes.rows["clips"] - rows * _CLIPS_PER_SHARD)
    return num_clips, (num_clips * _CLIP_BYTES + 1024 + 10_239) // 10_240 * 10_240


def _shards(rows: np.ndarray, sizes: Sizes) -> dict[str, object]:
    num_clips, size_bytes = _shard_sizes(rows, sizes)
    return {
        "shard": [shard_path("train", number, 1) for number in rows],
        "split": "train",
        "num_clips": num_clips,
        "size_bytes": size_bytes,
        "sha256": "0" * 64,
    }


def _failures(rows: np.ndarray, sizes: Sizes) -> dict[str, object]:
    """The third window of each of the first sources."""
    return {
        "stage": "TrackFaces",
        "kind": "timeout",
        "message": "made",
        "source_id": _source_ids(rows),
        "window_index": np.full(len(rows), 2),
    }


def _write_shards(output: Path, sizes: Sizes) -> None:
    (output / "shards").mkdir(parents=True, exist_ok=True)
    rows = np.arange(sizes.rows["shards"])
    for number, size_bytes in zip(rows, _shard_sizes(rows, sizes)[1], strict=True):
        with open(output / shard_path("train", number, 1), "wb") as file:
            file.truncate(int(size_bytes))
    with stored_manifests(str(output)) as manifests:
        keys = set(shown_keys(report_facts({}, manifests))) - {""}
    for key in keys:
        number = int(key.rsplit("-", 1)[-1])
        with open(output / shard_path("train", number // _CLIPS_PER_SHARD, 1), "r+b") as file:
            file.seek(number % _CLIPS_PER_SHARD * _CLIP_BYTES)
            file.write(_clip_members(key))


def _clip_members(key: str) -> bytes:
    """The members of a clip of a hundred grey faces."""
    _, encoded = cv2.imencode(".jpg", np.full((112, 112, 3), 128, np.uint8))
    jpeg = encoded.tobytes()
    index = io.BytesIO()
    np.save(index, (np.arange(101) * len(jpeg)).astype(np.uint32))
    members = tar_members(key, [("faces.mjpg", jpeg * 100), ("faces_index.npy", index.getvalue())])
    return members + tar_members(key, [("rest", bytes(_CLIP_BYTES - len(members) - 512))])

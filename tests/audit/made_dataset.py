"""A small dataset on disk with a real shard, for what reads stored datasets."""

import hashlib
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from pipeline.config import Recipe
from pipeline.run_record import finished, run_record
from schemas.schema_version import SCHEMA_VERSION
from schemas.stored.manifests import Manifests, stored_manifests
from schemas.tables import TABLES, ShardRow, table_name
from tests.manifests import made_rows
from transforms.manifests.parts import manifest_part, part_bytes, part_path
from transforms.manifests.source_rows import source_row
from transforms.media.face_crop import encode_jpeg
from transforms.media.tar import tar_end, tar_members

SHARD = "shards/train-000000.tar"
A, B, C = "a" * 16, "b" * 16, "c" * 16
LANDMARKS = np.arange(30, dtype=np.float32).reshape(3, 5, 2)  # of every clip
ALIGN = np.tile(np.array([[2, 0, 100], [0, 2, 50]], np.float32), (3, 1, 1))

_FIRST = {
    "licences": [],
    "shards": [],
    "generation": 1,
    "last_rewrite": 1,
    "run": "run.json",
    "schema_version": SCHEMA_VERSION,
}


def write_dataset(output: Path, run: dict | None = None, more_rows: Iterable = (), **clip_fields) -> dict:
    """Two sources with three clips, one that failed, and `more_rows`; returns its run.json."""
    rows, shard = _clips(clip_fields)
    sources = [
        source_row(facts, outcomes, failures)
        for facts, outcomes, failures in (
            (
                made_rows.facts(A, 2, licence="cc-by"),
                [made_rows.outcome(A, 0, "clips", 2), made_rows.outcome(A, 1, "failed")],
                1,
            ),
            (made_rows.facts(B, 1, split="val"), [made_rows.outcome(B, 0, "clips", 1)], 0),
            (made_rows.facts(C, 0, probe=None), [], 1),
        )
    ]
    rows += [
        *sources,
        *more_rows,
        made_rows.decision(A, kept=True),
        made_rows.decision(A),
        made_rows.decision(B, kept=True),
        made_rows.failure(A, 1, "timeout"),
        made_rows.failure(C),
        made_rows.track("t1", A),
        made_rows.track("t2", B),
        ShardRow(
            shard=SHARD, split="train", num_clips=3, size_bytes=len(shard), sha256=hashlib.sha256(shard).hexdigest()
        ),
    ]
    _write(output / SHARD, shard)
    parts = [_write_part(output, name, [row for row in rows if table_name(row) == name]) for name in TABLES]
    _write(output / "dataset.json", json.dumps({**_FIRST, "manifests": parts}).encode())
    run = finished(run or run_record(Recipe(), ["talkshard build"], 0))
    run["known_inputs"] = 0
    run["verdict"] = {"ok": True, "exit_code": 0, "problems": [], "num_clips": 3, "num_inputs": 3}
    _write(output / "run.json", json.dumps(run).encode())
    return run


def page_of(make_page: Callable[[str, dict, Manifests], str], output: Path, run: dict) -> str:
    """A page about a stored dataset."""
    with stored_manifests(str(output)) as manifests:
        return make_page(str(output), run, manifests)


def jpeg_of(number: int) -> bytes:
    """The stored face of clip `number`: its middle frame."""
    return encode_jpeg(np.full((16, 16, 3), 60 * number, np.uint8), 95)


def _clips(fields: dict) -> tuple[list, bytes]:
    rows, shard = [], b""
    for number, source_id in enumerate((A, A, B)):
        jpegs = [encode_jpeg(np.zeros((16, 16, 3), np.uint8), 95), jpeg_of(number), b"last"]
        parts = [
            ("landmarks.npy", _npy(LANDMARKS)),
            ("align.npy", _npy(ALIGN)),
            ("faces.mjpg", b"".join(jpegs)),
            ("faces_index.npy", _npy(np.cumsum([0, *map(len, jpegs)]).astype(np.uint32))),
        ]
        members = tar_members(f"k{number}", parts)
        row = made_rows.placed_clip(f"k{number}", source_id, len(shard), SHARD)
        rows.append(replace(row, tar_length=len(members), num_frames=3, image_px=16, **{"speaker": ""} | fields))
        shard += members
    return rows, shard + tar_end(len(shard))


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def _write_part(output: Path, name: str, rows: list) -> dict:
    data = part_bytes(name, rows)
    path = part_path(name, 0, 1)
    _write(output / path, data)
    return asdict(manifest_part(name, path, len(rows), data))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

"""Small datasets in the layout of `talkshard build`; the face of frame i has grey level 8 i, which identifies it."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile

from schemas.arrow_tables import arrow_table
from schemas.clock import COLUMNS_PER_FRAME, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from schemas.schema_version import SCHEMA_VERSION
from schemas.tables import TABLES, ClipRow, ShardRow
from transforms.media.face_crop import encode_jpeg
from transforms.media.tar import tar_end, tar_members

IMAGE_PX = 16
NUM_FRAMES = 28
_NOTHING = {pa.string(): "", pa.int64(): 0, pa.float32(): 0.0, pa.float64(): 0.0}


def face_parts(num_frames: int = NUM_FRAMES, about: dict | None = None) -> dict[str, bytes]:
    """Parts of a clip by name. The MFCC of coefficient c in column j is 1000 c + j."""
    random = np.random.default_rng(num_frames)
    faces = [np.full((IMAGE_PX, IMAGE_PX, 3), min(8 * frame, 255), np.uint8) for frame in range(num_frames)]
    jpegs = [encode_jpeg(face, 95) for face in faces]
    audio = io.BytesIO()
    samples = random.integers(-9000, 9000, SAMPLES_PER_FRAME * num_frames, dtype=np.int16)
    soundfile.write(audio, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    columns = 1000 * np.arange(13)[:, None] + np.arange(COLUMNS_PER_FRAME * num_frames)
    return {
        "json": json.dumps({"num_frames": num_frames, **(about or {})}).encode(),
        "mfcc.npy": npy(columns.astype(np.float32)),
        "flac": audio.getvalue(),
        "landmarks.npy": npy(np.zeros((num_frames, 5, 2), np.float32)),
        "align.npy": npy(np.zeros((num_frames, 2, 3), np.float32)),
        "mesh.npy": npy(random.integers(-9000, 9000, (num_frames, 468, 3), dtype=np.int16)),
        "faces.mjpg": b"".join(jpegs),
        "faces_index.npy": npy(np.cumsum([0, *map(len, jpegs)]).astype(np.uint32)),
    }


def npy(array: np.ndarray) -> bytes:
    """An array as the content of an .npy file."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def write_faces(
    folder: Path, shards: dict[str, dict[str, dict[str, bytes]]], columns: dict[str, dict] | None = None
) -> str:
    """Write shards (name -> key -> parts) and their tables; the dataset's folder.

    columns: values of the clips table by key, in place of the default ones.
    """
    clip_rows, shard_rows = [], []
    (folder / "shards").mkdir(parents=True)
    for name, clips in shards.items():
        path, split, data = f"shards/{name}.tar", name.split("-")[0], b""
        for key, parts in clips.items():
            members = tar_members(key, list(parts.items()))
            values = {"key": key, "shard": path, "split": split, "tar_offset": len(data), "tar_length": len(members)}
            clip_rows.append(_clip_row(values | (columns or {}).get(key, {})))
            data += members
        data += tar_end(len(data))
        (folder / path).write_bytes(data)
        shard_rows.append(
            ShardRow(
                shard=path,
                split=split,
                num_clips=len(clips),
                size_bytes=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
            )
        )
    parts = [_write_table(folder, "clips", clip_rows), _write_table(folder, "shards", shard_rows)]
    listed = [
        {"path": row.shard, "split": row.split, "num_clips": row.num_clips, "size_bytes": row.size_bytes}
        for row in shard_rows
    ]
    write_record(folder, {"schema_version": SCHEMA_VERSION, "manifests": parts, "shards": listed})
    return str(folder)


def write_record(folder: Path, record: dict) -> None:
    """Write dataset.json."""
    (folder / "dataset.json").write_text(json.dumps(record))


def write_uneven(folder: Path, counts: tuple[int, ...] = (7, 1, 12, 3)) -> str:
    """Write shards of the train split with these numbers of clips."""
    parts = face_parts()
    keys = iter(f"clip{number:02d}" for number in range(sum(counts)))
    return write_faces(
        folder,
        {f"train-{number:06d}": {next(keys): parts for _ in range(count)} for number, count in enumerate(counts)},
    )


def damage(dataset: str, key: str, part: str) -> None:
    """Overwrite the last 20 bytes of a stored part with zeros."""
    for shard in sorted(Path(dataset, "shards").glob("*.tar")):
        data = shard.read_bytes()
        start = data.find(f"{key}.{part}\0".encode())
        if start >= 0:
            end = start + 512 + int(data[start + 124 : start + 135], 8)
            shard.write_bytes(data[: end - 20] + bytes(20) + data[end:])
            return
    raise AssertionError(f"{dataset} has no {key}.{part}")


def _clip_row(values: dict) -> ClipRow:
    empty = {name: _NOTHING[field.metadata["type"]] for name, field in TABLES["clips"].__dataclass_fields__.items()}
    return ClipRow(**empty | {"num_frames": NUM_FRAMES, "image_px": IMAGE_PX, "text": None} | values)


def _write_table(folder: Path, name: str, rows: list) -> dict:
    path = f"manifests/{name}/part-00000.parquet"
    (folder / path).parent.mkdir(parents=True)
    pq.write_table(arrow_table(name, rows), folder / path)
    return {"table": name, "path": path, "num_rows": len(rows)}

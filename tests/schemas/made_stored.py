"""A dataset for evaluating generators: painted faces whose mouths open as their audio gets loud."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq

from schemas.arrow_tables import arrow_table
from schemas.clock import SAMPLES_PER_FRAME
from schemas.schema_version import SCHEMA_VERSION
from tests.manifests import made_rows
from transforms.clips.clip_parts import clip_parts
from transforms.clips.config import ClipsConfig
from transforms.media.canonical import MESH_UNIT, CanonicalFace
from transforms.media.face_crop import encode_jpeg
from transforms.media.tar import tar_end, tar_members
from transforms.media.tubes import FaceTube
from transforms.shards.write_shard import row_members

MOUTH_X, MOUTH_Y, EYES_PX = 56, 80, 50.0


def loudness(num_frames: int, seed: int) -> np.ndarray:
    """0..1 a frame."""
    rough = np.random.default_rng(seed).normal(0, 1, num_frames + 8)
    smooth = np.convolve(rough, np.hanning(7), "same")[4:-4]
    return (smooth - smooth.min()) / np.ptp(smooth)


def mesh_of(opening: np.ndarray) -> np.ndarray:
    """Points (T, 468, 3) in px: eyes and nose where the stored face has them, lips `opening` px apart."""
    mesh = np.random.default_rng(3).uniform(20, 92, (468, 3)) * np.ones((len(opening), 1, 1))
    right, left, nose = CanonicalFace().targets
    mesh[:, [33, 133], :2], mesh[:, [263, 362], :2], mesh[:, 1, :2], mesh[:, 2, :2] = right, left, nose, nose
    mesh[:, [13, 14], 0] = MOUTH_X
    mesh[:, 13, 1], mesh[:, 14, 1] = MOUTH_Y - opening / 2, MOUTH_Y + opening / 2
    return mesh


def painted(colour: tuple[int, int, int], opening: float) -> np.ndarray:
    """A face: skin of one colour, and a black mouth."""
    face = np.full((112, 112, 3), colour, np.uint8)
    cv2.ellipse(face, (MOUTH_X, MOUTH_Y), (16, max(1, round(opening / 2))), 0, 0, 360, (0, 0, 0), -1)
    return face


def stored_clip(number: int, speaker: str, colour: tuple[int, int, int], num_frames: int = 90):
    """Row and members of one clip."""
    loud, key = loudness(num_frames, number), f"{number:016x}-w00000-t000-0000000"
    opening = 2 + 12 * loud
    noise = np.random.default_rng(100 + number).normal(0, 1, num_frames * SAMPLES_PER_FRAME)
    samples = (noise * np.repeat(30 + 6000 * loud, SAMPLES_PER_FRAME)).clip(-32000, 32000).astype(np.int16)
    jpeg = encode_jpeg(painted(colour, 5), 95)
    still = np.tile(np.eye(2, 3, dtype=np.float32), (num_frames, 1, 1))
    tube = FaceTube(
        boxes_xyxy=np.zeros((num_frames, 4), np.float32),
        interpolated=np.zeros(num_frames, bool),
        mesh=np.round(mesh_of(opening) * (MESH_UNIT / 112)).astype(np.int16),
        align=still,
        crop_to_source=still,
        mouth_visibility=np.ones(num_frames, np.float32),
        crops_jpeg=np.frombuffer(jpeg * num_frames, np.uint8),
        crops_index=(np.arange(num_frames + 1) * len(jpeg)).astype(np.uint32),
    )
    row = replace(
        made_rows.placed_clip(key, f"{number:016x}", 0),
        num_frames=num_frames,
        speaker=speaker,
        split="val",
        image_px=112,
    )
    faces = [painted(colour, one) for one in opening]
    return row, row_members(row) + tar_members(key, clip_parts(tube, faces, samples, ClipsConfig()))


def write_stored_dataset(folder: Path, clips) -> Path:
    """One shard of clips (row, members), its manifest, and the dataset.json that lists them."""
    shard, placed, offset = "shards/val-000000.tar", [], 0
    for row, members in clips:
        placed.append(replace(row, shard=shard, tar_offset=offset, tar_length=len(members)))
        offset += len(members)
    (folder / "shards").mkdir(parents=True)
    (folder / "manifests/clips").mkdir(parents=True)
    content = b"".join(members for _, members in clips)
    (folder / shard).write_bytes(content + tar_end(len(content)))
    pq.write_table(arrow_table("clips", placed), folder / "manifests/clips/part-00000.parquet")
    size_bytes = (folder / shard).stat().st_size
    (folder / "dataset.json").write_text(
        json.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "shards": [{"path": shard, "split": "val", "num_clips": len(placed), "size_bytes": size_bytes}],
                "manifests": [{"path": "manifests/clips/part-00000.parquet", "table": "clips"}],
            }
        )
    )
    with tarfile.open(fileobj=io.BytesIO(content)) as readable:
        assert len(readable.getnames()) == 8 * len(clips)
    return folder


class PaintedMesh:
    """A mesh that reads the black mouth of a painted face."""

    sha256 = "made"

    def locate(self, rgb, region):
        """See FaceMesh."""
        column = rgb[:, rgb.shape[1] // 2].mean(1)
        scale = rgb.shape[0] / 112
        height = (column < 0.4 * column.max()).sum() / scale
        mesh = mesh_of(np.array([float(height)]))[0]
        half_px = np.array([0.5, 0.5, 0])
        return ((mesh + half_px) * scale - half_px).astype(np.float32), 1.0


class ColourNetwork:
    """Recognises people by the colour of their forehead."""

    name, sha256 = "colour", "made"

    def embed(self, face_rgb, mesh):
        """See FaceNetwork."""
        return face_rgb[:20].reshape(-1, 3).mean(0).astype(np.float32) / 255

    def distance(self, left, right):
        """Euclidean."""
        return np.linalg.norm(left - right, axis=-1)


class LoudLips:
    """A sync network: how far the lips are open, and how loud it is, less the clip's mean, beside their change."""

    name, sha256, calibration = "loud lips", "made", None

    def embed_face(self, tubes, name):
        """See SyncNetwork."""
        mesh = tubes.mesh(name).astype(np.float32)
        return self._vectors(mesh[:, 14, 1] - mesh[:, 13, 1])

    def embed_audio(self, samples):
        """See SyncNetwork."""
        return self._vectors(samples.reshape(-1, SAMPLES_PER_FRAME).astype(np.float32).std(1))

    def similarity(self, face, audio):
        """See SyncNetwork."""
        return (face * audio).sum(1)

    def _vectors(self, values):
        values = values - values.mean()
        vectors = np.stack([values, np.gradient(values)], 1).astype(np.float32)
        return vectors / max(float(np.linalg.norm(vectors)), 1e-6)

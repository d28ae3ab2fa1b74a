"""Minimal datasets in the layout of `talkshard build`, in which the lips follow the loudness of the audio."""

import io
import json
from pathlib import Path

import numpy as np
import soundfile

from schemas.clock import SAMPLES_PER_FRAME
from tests.speech2vid.face_datasets import write_faces
from transforms.speakers.lip_motion import POINTS

RANDOM = np.random.default_rng(0)


def clip_members(
    key: str, speaker: str, num_frames: int = 40, shift_samples: int = 0, licence: str = ""
) -> list[tuple[str, bytes]]:
    """Members of a clip whose audio and mesh are noise."""
    samples = RANDOM.integers(-9000, 9000, SAMPLES_PER_FRAME * num_frames, dtype=np.int16)
    mesh = RANDOM.integers(-9000, 9000, (num_frames, 468, 3), dtype=np.int16)
    return members_of(key, speaker, samples, mesh, shift_samples, licence)


def talking_members(
    key: str, speaker: str, seed: int, num_frames: int = 90, late_frames: int = 0, licence: str = ""
) -> list[tuple[str, bytes]]:
    """Members of a clip that a sync network can learn from; its audio is late by late_frames."""
    random = np.random.default_rng(seed)
    loudness = np.convolve(random.normal(0, 1, num_frames + 40), np.hanning(5), "same")
    opening = loudness[20:-20]
    audible = np.repeat(loudness[20 - late_frames : num_frames + 20 - late_frames], SAMPLES_PER_FRAME)
    samples = random.normal(0, 1, len(audible)) * 400 * np.exp(audible)
    face = np.random.default_rng(5).normal(0, 2500, (468, 3))
    lips = np.random.default_rng(6).normal(0, 150, (468, 3))
    lips[list(set(range(468)) - set(POINTS))] = 0
    mesh = face + opening[:, None, None] * lips
    return members_of(key, speaker, np.clip(samples, -30000, 30000).astype(np.int16), mesh.astype(np.int16), 0, licence)


def members_of(
    key: str, speaker: str, samples: np.ndarray, mesh: np.ndarray, shift_samples: int, licence: str
) -> list[tuple[str, bytes]]:
    """Members of one clip; parts that the sync trainer does not read have a placeholder as content."""
    audio, points = io.BytesIO(), io.BytesIO()
    soundfile.write(audio, samples, 16000, format="FLAC", subtype="PCM_16")
    np.save(points, mesh)
    row = {
        "source_uri": f"/in/{key}.mp4",
        "speaker": speaker,
        "num_frames": len(mesh),
        "audio_shift_samples": shift_samples,
        "licence": licence,
    }
    parts = {
        "json": json.dumps(row).encode(),
        "mfcc.npy": b"not read",
        "flac": audio.getvalue(),
        "mesh.npy": points.getvalue(),
        "faces.mjpg": b"not read",
    }
    return [(f"{key}.{part}", content) for part, content in parts.items()]


def write_dataset(folder: Path, shards: dict[str, list[tuple[str, bytes]]]) -> Path:
    """Shards by name (train-000000), the clips table, and the dataset.json that lists them."""
    clips: dict[str, dict[str, dict[str, bytes]]] = {}
    for name, members in shards.items():
        clips[name] = {}
        for member, content in members:
            key, part = member.split(".", 1)
            clips[name].setdefault(key, {})[part] = content
    rows = {key: json.loads(parts["json"]) for of_shard in clips.values() for key, parts in of_shard.items()}
    return Path(write_faces(folder, clips, rows))

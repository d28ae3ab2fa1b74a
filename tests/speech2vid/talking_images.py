"""Faces that a network learns in seconds: a dark mouth whose opening is given by the audio features."""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from speech2vid.generator.settings import GeneratorSettings
from speech2vid.generator_training.batches import GeneratorBatch
from speech2vid.generator_training.losses import LossSettings
from speech2vid.generator_training.recipes import (
    GeneratorTrainingSettings,
    PretrainingSettings,
    SamplingSettings,
    ValidationSettings,
)
from speech2vid.reader.audio_features import MFCC, AudioFeatures
from speech2vid.training.loop_settings import LoopSettings
from tests.speech2vid.face_datasets import face_parts, npy, write_faces
from transforms.media.face_crop import encode_jpeg
from transforms.speakers.lip_motion import POINTS

NUM_FRAMES = 40


def changed(settings: GeneratorTrainingSettings, **sections) -> GeneratorTrainingSettings:
    """Settings with other sections, or, where a section is given as a dict, with other values in it."""
    whole = {
        name: dataclasses.replace(getattr(settings, name), **value) if isinstance(value, dict) else value
        for name, value in sections.items()
    }
    return dataclasses.replace(settings, **whole)


SMALLEST = GeneratorTrainingSettings(
    generator=GeneratorSettings(
        width=0.05, num_identity=2, image_px=112, residual=True, film=True, leaky=True, audio_dropout=0.1
    ),
    losses=LossSettings(mouth=3, content=0, difference=4, lip_shape=0.1, lip_features=0.2),
    pretraining=PretrainingSettings(
        num_batches=2, lip_steps=3, audio_steps=3, deblurring_steps=2, deblurring_width=8, rows=8
    ),
    sampling=SamplingSettings(batch_clips=2, targets_per_clip=2, augment_audio=True, mirror=True, colour=0.1),
    validation=ValidationSettings(clips=2, frames=5, min_change=0.0),
    loop=LoopSettings(steps=4, warm_up=1, half_precision=False, validate_every=2, save_every=2),
)
PAPER_LIKE = changed(
    SMALLEST,
    generator=GeneratorSettings(width=0.05, num_identity=2, image_px=112),
    losses=LossSettings(content=0),
    sampling=SamplingSettings(batch_clips=2, targets_per_clip=2),
    pretraining=PretrainingSettings(audio_steps=0),
)


def face(opening: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Face RGB uint8 (112, 112, 3): skin of one colour, and a mouth with an opening of 0..1."""
    rows, columns = np.mgrid[:112, :112]
    image = np.tile(colour.astype(np.uint8), (112, 112, 1))
    inside = ((columns - 58) / 18) ** 2 + ((rows - 79) / (1 + 16 * float(opening))) ** 2 < 1
    image[inside] = (60, 10, 20)
    return image


def made_batch(
    num_clips: int = 2,
    num_targets: int = 2,
    num_stills: int = 2,
    seed: int = 0,
    kind: AudioFeatures = MFCC,
    num_lips: int = 2,
) -> GeneratorBatch:
    """Make a batch in which the first audio channels and the lip points give the mouth's opening."""
    random = np.random.default_rng(seed)
    openings = random.uniform(0, 1, (num_clips, num_targets + num_stills))
    colours = random.uniform(120, 230, (num_clips, 3))
    faces = np.stack([face(opening, colour) for row, colour in zip(openings, colours, strict=True) for opening in row])
    faces = faces.reshape(num_clips, -1, 112, 112, 3).transpose(0, 1, 4, 2, 3).astype(np.float32)
    spoken = openings[:, :num_targets].reshape(-1)
    audio = random.normal(0, 1, (len(spoken), 1, kind.num_channels, kind.window_columns)).astype(np.float32)
    audio[:, 0, : kind.num_channels // 12] += 20 * spoken[:, None, None]
    return GeneratorBatch(
        audio=torch.from_numpy(audio),
        targets=torch.from_numpy(faces[:, :num_targets].reshape(-1, 3, 112, 112) / 255),
        identity=torch.from_numpy(faces[:, num_targets:].reshape(num_clips, -1, 112, 112)),
        lips=torch.from_numpy((spoken[:, None] * np.linspace(1, -2, num_lips)).astype(np.float32)),
        clips=torch.arange(seed * num_clips, (seed + 1) * num_clips),
        num_targets=num_targets,
    )


def write_talking_faces(folder: Path, num_clips: int = 6, num_validated: int = 2) -> str:
    """Write a dataset of num_clips clips to learn from and some of the val split, each of another person."""
    numbers = {"train-000000": range(num_clips), "val-000000": range(num_clips, num_clips + num_validated)}
    shards = {name: {f"clip{number}": _parts(number) for number in found} for name, found in numbers.items() if found}
    rows = {
        f"clip{number}": {"num_frames": NUM_FRAMES, "image_px": 112, "speaker": f"person{number}"}
        for number in range(num_clips + num_validated)
    }
    return write_faces(folder, shards, rows)


def _parts(seed: int) -> dict[str, bytes]:
    random = np.random.default_rng(seed)
    opening = (1 + np.sin(np.arange(NUM_FRAMES) / 2 + random.uniform(0, 6))) / 2
    colour = random.uniform(120, 230, 3)
    jpegs = [encode_jpeg(face(value, colour), 95) for value in opening]
    mfcc = random.normal(0, 1, (13, 4 * NUM_FRAMES)).astype(np.float32)
    mfcc[1] += 20 * np.repeat(opening, 4)
    mesh = np.tile(np.random.default_rng(5).normal(0, 2500, (1, 468, 3)), (NUM_FRAMES, 1, 1))
    mesh[:, POINTS] += opening[:, None, None] * np.random.default_rng(6).normal(0, 150, (len(POINTS), 3))
    return face_parts(NUM_FRAMES) | {
        "faces.mjpg": b"".join(jpegs),
        "faces_index.npy": npy(np.cumsum([0, *map(len, jpegs)]).astype(np.uint32)),
        "mfcc.npy": npy(mfcc),
        "mesh.npy": npy(mesh.astype(np.int16)),
    }

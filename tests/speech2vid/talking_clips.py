"""Synthetic clips in which the lips follow the loudness of the audio, which a sync network must be able to learn."""

import numpy as np

from schemas.clock import COLUMNS_PER_FRAME, SAMPLES_PER_FRAME
from speech2vid.sync_training.clips import TalkingClip


def made_clip(speaker: str, seed: int, num_frames: int = 100) -> TalkingClip:
    """Make a clip in sync."""
    random = np.random.default_rng(seed)
    loudness = np.convolve(random.normal(0, 1, 4 * num_frames + 40), np.hanning(12), "same")[20:-20]
    shape, colour = random.normal(0, 0.1, 192), random.normal(8, 0.5, 40)
    direction = np.random.default_rng(99).normal(0, 0.01, 192)
    positions = shape + loudness.reshape(-1, 4).mean(1)[:, None] * direction
    columns = colour + loudness[:, None] * 0.7 + random.normal(0, 0.1, (4 * num_frames, 40))
    return TalkingClip(
        name=f"{speaker}_{seed}.mp4",
        speaker=speaker,
        positions=positions.astype(np.float32),
        columns=columns.astype(np.float32),
        **speech_of(loudness),
    )


def speech_of(loudness: np.ndarray) -> dict[str, np.ndarray]:
    """Speech features and audio that follow a loudness (4 T,)."""
    directions = np.random.default_rng(98).normal(0, 1, 288)
    halves = loudness.reshape(-1, 2).mean(1)[:, None] * directions
    return {"spoken": np.stack([halves, 1.1 * halves]).astype(np.float16), "samples": noise_of(loudness)}


def noise_of(loudness: np.ndarray) -> np.ndarray:
    """Noise int16 (640 T,) whose level follows a loudness (4 T,)."""
    levels = np.repeat(300 * np.exp(loudness / 2), SAMPLES_PER_FRAME // COLUMNS_PER_FRAME)
    return np.clip(levels * np.random.default_rng(97).normal(0, 1, len(levels)), -30000, 30000).astype(np.int16)


def made_people(num_people: int = 6, clips_each: int = 3) -> list[TalkingClip]:
    """Make clips of several people."""
    return [made_clip(f"p{person}", 10 * person + take) for person in range(num_people) for take in range(clips_each)]

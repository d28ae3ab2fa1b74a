"""Batches for the sync network: stretches of clips, changed in ways that leave lips and audio in step."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from schemas.clock import COLUMNS_PER_FRAME
from speech2vid.sync_training.clips import TalkingClip, at_times, speech_frames
from transforms.speakers.lip_motion import MIRRORED
from transforms.speakers.speech_encoder import FEATURES_PER_FRAME


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncBatch:
    """Stretches of B clips."""

    positions: np.ndarray  # float32 (B, T, 192)
    columns: np.ndarray  # float32 (B, 4 T, 40)
    spoken: np.ndarray  # float32 (B, 2 T, 288)
    speech: np.ndarray  # float32 (B, T): 1 near speech


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """How batches are drawn and changed."""

    num_clips: int = 24
    num_frames: int = 60
    size_power: float = 0.4  # a speaker is drawn in proportion to its frames to this power
    stretch: tuple[float, float] = (0.85, 1.18)


class BatchMaker:
    """Draws batches; the same seed gives the same batches."""

    def __init__(self, clips: list[TalkingClip], settings: BatchSettings, seed: int) -> None:
        self._settings, self._random = settings, np.random.default_rng(seed)
        least = 2 + int(np.ceil(settings.num_frames * settings.stretch[0]))
        self._clips: dict[str, list[TalkingClip]] = {}
        for clip in clips:
            if len(clip) >= least:
                self._clips.setdefault(clip.speaker, []).append(clip)
        if len(self._clips) < 2:
            raise ValueError(f"a sync network learns from clips of two people or more, {least} frames or longer")
        sizes = np.array([sum(map(len, own)) for own in self._clips.values()], float) ** settings.size_power
        self._share = sizes / sizes.sum()

    def draw(self) -> SyncBatch:
        """Next batch."""
        speakers = self._random.choice(list(self._clips), self._settings.num_clips, p=self._share)
        drawn = [self._stretch(self._pick(self._clips[speaker])) for speaker in speakers]
        positions, columns, spoken = zip(*drawn)
        speech = [speech_frames(audio) for audio in columns]
        columns = self._with_other_voices(columns)
        return SyncBatch(
            positions=np.stack([augment_face(face, self._random) for face in positions]),
            columns=np.stack([augment_audio(audio, self._random) for audio in columns]),
            spoken=np.stack(spoken),
            speech=np.stack(speech).astype(np.float32),
        )

    def _pick(self, clips: list[TalkingClip]) -> TalkingClip:
        sizes = np.array([len(clip) for clip in clips], float)
        return clips[self._random.choice(len(clips), p=sizes / sizes.sum())]

    def _stretch(self, clip: TalkingClip) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A stretch of the clip, slowed or hurried, at no whole frame, in any of its voices."""
        num_frames = self._settings.num_frames
        low, high = self._settings.stretch
        speed = self._random.uniform(low, min(high, (len(clip) - 1) / num_frames))
        start = self._random.uniform(0, len(clip) - 1 - speed * (num_frames - 1))
        frames = start + speed * np.arange(num_frames)
        columns, spoken = (_finer(start, speed, num_frames, parts) for parts in (COLUMNS_PER_FRAME, FEATURES_PER_FRAME))
        voice = clip.spoken[self._random.integers(len(clip.spoken))]
        return at_times(clip.positions, frames), at_times(clip.columns, columns), at_times(voice, spoken)

    def _with_other_voices(self, columns: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """Another clip's voice below some of them."""
        mixed = []
        for index, audio in enumerate(columns):
            if self._random.random() < 0.3:
                other = columns[(index + self._random.integers(1, len(columns))) % len(columns)]
                level = audio.mean() - other.mean() - self._random.uniform(1.0, 5.0)
                audio = np.logaddexp(audio, other + level)
            mixed.append(audio)
        return mixed


def _finer(start: float, speed: float, num_frames: int, parts: int) -> np.ndarray:
    """Positions of the parts of each frame of a stretch that begins at frame `start`."""
    middle = (parts - 1) / 2
    return parts * (start + speed * (np.arange(parts * num_frames) - middle) / parts) + middle


def augment_face(positions: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Another face that says the same: mirrored, turned, of another shape and liveliness, seen less well."""
    points = positions.reshape(len(positions), -1, 3)
    if random.random() < 0.5:
        points = points[:, MIRRORED] * np.array([-1, 1, 1], np.float32)
    points = points @ _small_turn(random).T
    resting = points.mean(0)
    liveliness = random.uniform(0.7, 1.4) * random.uniform(0.85, 1.15, 3)
    points = resting * random.uniform(0.9, 1.1, 3) + (points - resting) * liveliness
    points = points + random.normal(0, random.uniform(0, 0.006), points.shape)
    return points.reshape(len(positions), -1).astype(np.float32)


def augment_audio(columns: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Another voice, microphone and room that say the same: warped bands, equaliser, noise."""
    num_bands = columns.shape[1]
    bands = np.arange(num_bands) * random.uniform(0.9, 1.1) + random.uniform(-1, 1)
    columns = at_times(columns.T, bands).T
    corners = np.linspace(0, num_bands - 1, 6)
    columns = columns + random.normal(0, 1.5) + np.interp(np.arange(num_bands), corners, random.normal(0, 1.0, 6))
    level = np.percentile(columns, 90) - random.uniform(3.0, 12.0)
    floor = level + np.interp(np.arange(num_bands), corners, random.normal(0, 1.5, 6))
    noise = floor + random.normal(0, 0.5, columns.shape)
    return np.maximum(np.logaddexp(columns, noise), 0).astype(np.float32)


def _small_turn(random: np.random.Generator) -> np.ndarray:
    return Rotation.from_euler("xyz", random.normal(0, 5, 3), degrees=True).as_matrix().astype(np.float32)

"""Batches for the sync network: segments of clips, augmented in ways that keep lips and audio in sync."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from schemas.clock import COLUMNS_PER_FRAME
from speech2vid.sync_training.clips import TalkingClip, at_times, speech_frames
from transforms.speakers.lip_motion import MIRRORED
from transforms.speakers.speech_encoder import FEATURES_PER_FRAME


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SyncBatch:
    """Segments of B clips, T frames each."""

    positions: np.ndarray  # float32 (B, T, 192): lip motion
    columns: np.ndarray  # float32 (B, 4 T, 40): log-mel columns
    spoken: np.ndarray  # float32 (B, 2 T, 288): speech features
    speech: np.ndarray  # float32 (B, T): 1 near speech


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """How batches are drawn and augmented."""

    num_clips: int = 24
    num_frames: int = 60
    size_power: float = 0.4  # a speaker is drawn in proportion to this power of their frames
    stretch: tuple[float, float] = (0.85, 1.18)  # lowest and highest speed


class BatchMaker:
    """Draws batches; the same seed gives the same batches."""

    def __init__(self, clips: list[TalkingClip], settings: BatchSettings, seed: int | np.random.Generator) -> None:
        """Prepare to draw from these clips; ValueError when fewer than two speakers have clips that are long enough."""
        self._settings, self._random = settings, np.random.default_rng(seed)
        min_frames = 2 + int(np.ceil(settings.num_frames * settings.stretch[0]))
        self._clips: dict[str, list[TalkingClip]] = {}
        for clip in clips:
            if len(clip) >= min_frames:
                self._clips.setdefault(clip.speaker, []).append(clip)
        if len(self._clips) < 2:
            raise ValueError(f"a sync network learns from clips of two people or more, {min_frames} frames or longer")
        sizes = (
            np.array([sum(map(len, of_speaker)) for of_speaker in self._clips.values()], float) ** settings.size_power
        )
        self._share = sizes / sizes.sum()

    def draw(self) -> SyncBatch:
        """Draw the next batch."""
        speakers = self._random.choice(list(self._clips), self._settings.num_clips, p=self._share)
        drawn = [self._segment(self._pick(self._clips[speaker])) for speaker in speakers]
        positions, columns, spoken = zip(*drawn, strict=True)
        speech = [speech_frames(audio) for audio in columns]
        mixed = self._with_background_voices(columns)
        return SyncBatch(
            positions=np.stack([augment_face(face, self._random) for face in positions]),
            columns=np.stack([augment_audio(audio, self._random) for audio in mixed]),
            spoken=np.stack(spoken),
            speech=np.stack(speech).astype(np.float32),
        )

    def _pick(self, clips: list[TalkingClip]) -> TalkingClip:
        sizes = np.array([len(clip) for clip in clips], float)
        return clips[self._random.choice(len(clips), p=sizes / sizes.sum())]

    def _segment(self, clip: TalkingClip) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions, columns and speech features of a segment, slowed or sped up, that begins between two frames."""
        num_frames = self._settings.num_frames
        low, high = self._settings.stretch
        speed = self._random.uniform(low, min(high, (len(clip) - 1) / num_frames))
        start = self._random.uniform(0, len(clip) - 1 - speed * (num_frames - 1))
        frames = start + speed * np.arange(num_frames)
        columns, spoken = (
            _subframes(start, speed, num_frames, parts) for parts in (COLUMNS_PER_FRAME, FEATURES_PER_FRAME)
        )
        version = clip.spoken[self._random.integers(len(clip.spoken))]
        return at_times(clip.positions, frames), at_times(clip.columns, columns), at_times(version, spoken)

    def _with_background_voices(self, columns: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """Columns of which some have another clip's voice in the background."""
        mixed = []
        for index, audio in enumerate(columns):
            if self._random.random() < 0.3:
                other = columns[(index + self._random.integers(1, len(columns))) % len(columns)]
                level = audio.mean() - other.mean() - self._random.uniform(1.0, 5.0)
                audio = np.logaddexp(audio, other + level)
            mixed.append(audio)
        return mixed


def _subframes(start: float, speed: float, num_frames: int, parts: int) -> np.ndarray:
    """Positions of the `parts` columns or features of each frame, in a segment that begins at frame `start`."""
    middle = (parts - 1) / 2
    return parts * (start + speed * (np.arange(parts * num_frames) - middle) / parts) + middle


def augment_face(positions: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Lip motion of another face that says the same: mirrored, turned, reshaped, livelier or calmer, noisier."""
    points = positions.reshape(len(positions), -1, 3)
    if random.random() < 0.5:
        points = points[:, MIRRORED] * np.array([-1, 1, 1], np.float32)
    points = points @ _small_rotation(random).T
    resting = points.mean(0)
    liveliness = random.uniform(0.7, 1.4) * random.uniform(0.85, 1.15, 3)
    points = resting * random.uniform(0.9, 1.1, 3) + (points - resting) * liveliness
    points = points + random.normal(0, random.uniform(0, 0.006), points.shape)
    return points.reshape(len(positions), -1).astype(np.float32)


def augment_audio(columns: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Log-mel columns of another voice, microphone and room that say the same: warped bands, equaliser, noise."""
    num_bands = columns.shape[1]
    bands = np.arange(num_bands) * random.uniform(0.9, 1.1) + random.uniform(-1, 1)
    columns = at_times(columns.T, bands).T
    corners = np.linspace(0, num_bands - 1, 6)
    columns = columns + random.normal(0, 1.5) + np.interp(np.arange(num_bands), corners, random.normal(0, 1.0, 6))
    level = np.percentile(columns, 90) - random.uniform(3.0, 12.0)
    floor = level + np.interp(np.arange(num_bands), corners, random.normal(0, 1.5, 6))
    noise = floor + random.normal(0, 0.5, columns.shape)
    return np.maximum(np.logaddexp(columns, noise), 0).astype(np.float32)


def _small_rotation(random: np.random.Generator) -> np.ndarray:
    return Rotation.from_euler("xyz", random.normal(0, 5, 3), degrees=True).as_matrix().astype(np.float32)

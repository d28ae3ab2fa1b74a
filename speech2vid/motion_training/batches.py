"""Batches of the motion network's training: pieces of clips, people in balance."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from speech2vid.motion.mouth_space import MouthSpace
from speech2vid.motion_training.fit_space import person_means
from speech2vid.motion_training.people import MotionClip, fold_of, frames_by_person
from speech2vid.motion_training.recipe import MotionSamplingSettings
from speech2vid.reader.audio_features import MIDDLE_SPEECH

_MIN_VARIANCE = 0.04  # of the lips' gap, over the usual one: a mouth that hardly moves is noise
_LOW, _HIGH = 5, 90  # percentiles of a person's gap of the lips
_CLOSED_SHARE = 0.15  # of the way from the low to the high one, below which lips count as closed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MotionBatch:
    """Pieces of K frames of B clips."""

    audio: Tensor  # float32 (B, C, W), with the columns around the frames
    shapes: Tensor  # float32 (B, P, K), relative to the person's mean
    closed: Tensor  # float32 (B, K): 1 where the lips meet
    is_real: Tensor  # float32 (B, K): 0 beyond the end of a short clip
    folds: Tensor  # int64 (B,), of the person

    def __len__(self) -> int:
        """Clips."""
        return len(self.audio)


class MotionSampler:
    """Draws batches from clips in memory."""

    def __init__(
        self, clips: list[MotionClip], space: MouthSpace, sampling: MotionSamplingSettings, num_folds: int
    ) -> None:
        """Find the shapes of all clips."""
        self._clips, self._sampling = clips, sampling
        shapes = [space.shapes_of_features(clip.lips) for clip in clips]
        self.shapes = usual_shapes(clips, space)
        self.closed = closed_lips(clips, [space.gap_of(found) for found in shapes])
        self._audio = [padded_columns(clip) for clip in clips]
        self._folds = np.array([fold_of(clip.speaker, num_folds) for clip in clips])
        frames = frames_by_person(clips)
        weights = np.array([clip.num_frames * frames[clip.speaker] ** (sampling.balance - 1) for clip in clips])
        self._weights = weights / weights.sum()

    def batch(self, random: np.random.Generator, device: torch.device) -> MotionBatch:
        """One batch."""
        chosen = random.choice(len(self._clips), self._sampling.batch_clips, p=self._weights)
        pieces = [self._piece(index, random) for index in chosen]
        audio, shapes, closed, is_real = (
            torch.from_numpy(np.stack(part)).to(device) for part in zip(*pieces, strict=True)
        )
        folds = torch.from_numpy(self._folds[chosen]).to(device)
        return MotionBatch(audio=audio.float(), shapes=shapes, closed=closed, is_real=is_real, folds=folds)

    def _piece(self, index: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Audio, shapes, closed lips and is_real of a piece; a short clip's last frame is repeated."""
        length, num_frames = self._sampling.frames, self._clips[index].num_frames
        places = random.integers(max(1, num_frames - length + 1)) + np.arange(length)
        frames = np.minimum(places, num_frames - 1)
        first = MIDDLE_SPEECH.columns_per_frame * places[0]
        columns = first + np.arange(MIDDLE_SPEECH.window_columns + MIDDLE_SPEECH.columns_per_frame * (length - 1))
        audio = self._audio[index]
        return (
            audio[:, np.minimum(columns, audio.shape[1] - 1)],
            np.ascontiguousarray(self.shapes[index][frames].T),
            self.closed[index][frames],
            (places < num_frames).astype(np.float32),
        )


def usual_shapes(clips: list[MotionClip], space: MouthSpace) -> list[np.ndarray]:
    """Shapes float32 (T, P) of each clip relative to the person's mean, as a person of usual width would make them."""
    shapes = [space.shapes_of_features(clip.lips) for clip in clips]
    means = person_means(clips, shapes)
    variances = person_means(
        clips,
        [
            (space.gap_of(found) - space.gap_of(means[clip.speaker])) ** 2
            for clip, found in zip(clips, shapes, strict=True)
        ],
    )
    usual = space.gap_weights**2 @ space.within
    return [
        ((found - means[clip.speaker]) * np.sqrt(usual / max(variances[clip.speaker], _MIN_VARIANCE * usual))).astype(
            np.float32
        )
        for clip, found in zip(clips, shapes, strict=True)
    ]


def padded_columns(clip: MotionClip) -> np.ndarray:
    """Columns of which the windows of all frames can be cut; the ends are repeated, as WindowStream does it."""
    after = MIDDLE_SPEECH.window_columns - MIDDLE_SPEECH.target_offset - MIDDLE_SPEECH.columns_per_frame
    return np.pad(clip.columns, ((0, 0), (MIDDLE_SPEECH.target_offset, after)), mode="edge")


def closed_lips(clips: list[MotionClip], gaps: list[np.ndarray]) -> list[np.ndarray]:
    """Whether the lips meet, float32 (T,) of each clip: a small gap for this person, whose mesh may never find none."""
    by_person: dict[str, list[np.ndarray]] = {}
    for clip, gap in zip(clips, gaps, strict=True):
        by_person.setdefault(clip.speaker, []).append(gap)
    limits = {}
    for speaker, found in by_person.items():
        low, high = np.percentile(np.concatenate(found), [_LOW, _HIGH])
        limits[speaker] = low + _CLOSED_SHARE * (high - low)
    return [(gap < limits[clip.speaker]).astype(np.float32) for clip, gap in zip(clips, gaps, strict=True)]

"""What a worker process does for `talkshard train-sync`: train one pair of towers, and score held-out speakers.

A job's result depends on its clips, settings and seed alone, not on the worker or on how often it was interrupted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from schemas.clock import COLUMNS_PER_FRAME
from speech2vid.sync_training.checkpoint import (
    Scores,
    load_towers,
    read_history,
    resume_training,
    save_towers,
    save_training,
)
from speech2vid.sync_training.clips import TalkingClip, no_speech_features
from speech2vid.sync_training.loop import SyncTraining, SyncTrainingSettings, embed_audio, embed_clips, embed_face
from speech2vid.sync_training.scoring import score
from speech2vid.sync_training.segments import ScoredSegment, score_segments
from speech2vid.sync_training.towers import SyncTowers
from transforms.beam_support.child_process import end_with_parent
from transforms.speakers.sync_network import audio_columns, sync_speech_encoder
from transforms.speakers.sync_scores import similarity

_NEGATIVE_CLIPS = 2  # of each negative speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """One pair of towers to train."""

    name: str
    folder: Path  # of its checkpoints
    held_out_speakers: frozenset[str]  # whose clips are not trained on
    is_scored: bool  # on the held-out speakers, whenever a checkpoint is written
    settings: SyncTrainingSettings
    seed: int

    @property
    def state_path(self) -> Path:
        """The checkpoint that it resumes from."""
        return self.folder / f"{self.name}.safetensors"

    def towers_path(self, step: int) -> Path:
        """The towers after so many steps."""
        return self.folder / f"{self.name}-step{step:06d}.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoldResult:
    """What networks say of the speakers of one fold, on whom they were not trained."""

    segments: list[ScoredSegment]
    similarities: dict[str, np.ndarray]  # source's name -> float32 (T, 31), all its clips one after another


class TowersInUse:
    """Several pairs of towers together, embedding as the exported network does; a SegmentNetwork."""

    def __init__(self, pairs: list[SyncTowers]) -> None:
        """Take the pairs, and load the speech encoder where they take its features."""
        self._pairs = pairs
        self._encoder = None if pairs[0].audio.spoken is None else sync_speech_encoder()

    def embed_face(self, positions: np.ndarray) -> np.ndarray:
        """Vectors float32 (T, E) of lip positions (T, 192)."""
        return embed_face(self._pairs, positions)

    def embed_audio(self, samples: np.ndarray) -> np.ndarray:
        """Vectors float32 (S, E) of int16 samples (640 S,)."""
        columns = audio_columns(samples)
        spoken = (
            self._encoder.encode(samples) if self._encoder else no_speech_features(len(columns) // COLUMNS_PER_FRAME)
        )
        return embed_audio(self._pairs, columns, spoken)


class WorkerState:
    """State of a worker process: all clips, and the count of steps made, which the command watches."""

    clips: ClassVar[list[TalkingClip]]
    steps_made: ClassVar["Synchronized[int]"]


def start_worker(clips: list[TalkingClip], steps_made: "Synchronized[int]") -> None:
    """Prepare this process for jobs."""
    torch.set_num_threads(1)  # another number sums in another order
    WorkerState.clips, WorkerState.steps_made = clips, steps_made
    end_with_parent()  # a worker whose command was killed must not work beside the resumed one


def train_to(
    job: TrainingJob, last_step: int, after_step: Callable[[int], None] | None = None
) -> tuple[list[float], Scores]:
    """Train to a step, from the checkpoint where there is one; returns losses and scores so far."""
    if job.state_path.exists() and len((history := read_history(job.state_path))[0]) >= last_step:
        return history
    trained, held_out = _split_clips(job.held_out_speakers)
    training = SyncTraining(trained, job.settings, job.seed)
    scores = resume_training(training, job.state_path) if job.state_path.exists() else {}
    for step in range(len(training.losses) + 1, last_step + 1):
        training.advance()
        with WorkerState.steps_made.get_lock():
            WorkerState.steps_made.value += 1
        if after_step:
            after_step(step)
        if step == last_step or step % job.settings.score_every == 0:
            if job.is_scored:
                negatives = embed_clips([training.towers], _negative_clips(held_out, trained))
                scores[step] = score(embed_clips([training.towers], held_out), negatives)
            save_towers(training.towers, job.towers_path(step))
            save_training(training, scores, job.state_path)
    return training.losses, scores


def evaluate_fold(jobs: list[TrainingJob], step: int) -> FoldResult:
    """Score the speakers that all of these jobs held out, by the jobs' networks together at a step."""
    pairs = [load_towers(job.towers_path(step), job.settings) for job in jobs]
    trained, held_out = _split_clips(jobs[0].held_out_speakers)
    similarities: dict[str, list[np.ndarray]] = {}
    for clip in embed_clips(pairs, held_out):
        similarities.setdefault(clip.name, []).append(similarity(clip.face, clip.audio, speech=clip.speech))
    return FoldResult(
        segments=score_segments(held_out, _negative_clips(held_out, trained), TowersInUse(pairs), jobs[0].seed),
        similarities={name: np.concatenate(parts) for name, parts in similarities.items()},
    )


def _split_clips(held_out_speakers: frozenset[str]) -> tuple[list[TalkingClip], list[TalkingClip]]:
    """Clips to train on, and clips of the held-out speakers."""
    return (
        [clip for clip in WorkerState.clips if clip.speaker not in held_out_speakers],
        [clip for clip in WorkerState.clips if clip.speaker in held_out_speakers],
    )


def _negative_clips(held_out: list[TalkingClip], trained: list[TalkingClip]) -> list[TalkingClip]:
    """Clips of negative speakers: a few of each trained one where a single speaker is held out, otherwise none."""
    if len({clip.speaker for clip in held_out}) > 1:
        return []
    of_speaker: dict[str, list[TalkingClip]] = {}
    for clip in trained:
        of_speaker.setdefault(clip.speaker, []).append(clip)
    return [clip for clips in of_speaker.values() for clip in clips[:_NEGATIVE_CLIPS]]

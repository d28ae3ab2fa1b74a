"""What a worker process does for `talkshard train-sync`: train a pair of towers, and judge people it never saw.

A job's numbers hang on its clips, settings and seed alone: not on the worker, nor on how often it was interrupted.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from speech2vid.sync_training.checkpoint import (
    Scores,
    load_towers,
    read_history,
    resume_training,
    save_towers,
    save_training,
)
from speech2vid.sync_training.clips import TalkingClip
from speech2vid.sync_training.loop import SyncTraining, SyncTrainingSettings, embed_audio, embed_clips, embed_face
from speech2vid.sync_training.scoring import score
from speech2vid.sync_training.segments import JudgedSegment, judge_segments
from speech2vid.sync_training.towers import SyncTowers
from transforms.speakers.speech_encoder import SpeechEncoder
from transforms.speakers.sync_network import audio_columns
from transforms.speakers.sync_scores import similarity


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """One pair of towers to train."""

    name: str
    folder: Path  # of its checkpoints
    held_out_speakers: frozenset[str]  # people whose clips are not learnt from
    is_scored: bool  # on the people left out, as often as a checkpoint is written
    settings: SyncTrainingSettings
    seed: int

    @property
    def state_path(self) -> Path:
        """Where it goes on from."""
        return self.folder / f"{self.name}.safetensors"

    def towers_path(self, step: int) -> Path:
        """What was learnt after so many steps."""
        return self.folder / f"{self.name}-step{step:06d}.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldEvidence:
    """What networks say of the people they did not learn from."""

    pieces: list[JudgedSegment]
    likeness: dict[str, np.ndarray]  # source's name -> float32 (T, 31): see similarity, all its clips one after another


class TowersInUse:
    """Pairs of towers together, hearing as the network does that is made of them: see SegmentNetwork."""

    def __init__(self, pairs: list[SyncTowers]) -> None:
        self._pairs, self._encoder = pairs, SpeechEncoder()

    def embed_face(self, positions: np.ndarray) -> np.ndarray:
        """Vectors float32 (T, E) of lip positions (T, 192)."""
        return embed_face(self._pairs, positions)

    def embed_audio(self, samples: np.ndarray) -> np.ndarray:
        """Vectors float32 (S, E) of int16 samples (640 S,)."""
        return embed_audio(self._pairs, audio_columns(samples), self._encoder.encode(samples))


class WorkerState:
    """What a worker has at hand: all clips, and the count of steps made that the command watches."""

    clips: ClassVar[list[TalkingClip]]
    steps_made: ClassVar[Synchronized]


def start_worker(clips: list[TalkingClip], steps_made: Synchronized) -> None:
    """Prepare this process; steps_made: an integer."""
    torch.set_num_threads(1)  # another number sums in another order
    WorkerState.clips, WorkerState.steps_made = clips, steps_made
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def train_to(
    job: TrainingJob, last_step: int, after_step: Callable[[int], None] | None = None
) -> tuple[list[float], Scores]:
    """Train to a step, from the last checkpoint where there is one; returns losses and scores so far."""
    if job.state_path.exists() and len((history := read_history(job.state_path))[0]) >= last_step:
        return history
    learnt, held = _parted(job.held_out_speakers)
    training, scores = SyncTraining(learnt, job.settings, job.seed), {}
    if job.state_path.exists():
        scores = resume_training(training, job.state_path)
    for step in range(len(training.losses) + 1, last_step + 1):
        training.advance()
        with WorkerState.steps_made.get_lock():
            WorkerState.steps_made.value += 1
        if after_step:
            after_step(step)
        if step == last_step or step % job.settings.score_every == 0:
            if job.is_scored:
                embedded = embed_clips([training.towers], held)
                scores[step] = score(embedded, embed_clips([training.towers], _negative_speakers(held, learnt)))
            save_towers(training.towers, job.towers_path(step))
            save_training(training, scores, job.state_path)
    return training.losses, scores


def judge_fold(jobs: list[TrainingJob], step: int) -> FoldEvidence:
    """What the jobs' networks together, at a step, say of the people that all of them left out."""
    pairs = [load_towers(job.towers_path(step), job.settings) for job in jobs]
    learnt, held = _parted(jobs[0].held_out_speakers)
    likeness: dict[str, list[np.ndarray]] = {}
    for clip in embed_clips(pairs, held):
        likeness.setdefault(clip.name, []).append(similarity(clip.face, clip.audio, speech=clip.speech))
    return FoldEvidence(
        pieces=judge_segments(held, _negative_speakers(held, learnt), TowersInUse(pairs), jobs[0].seed),
        likeness={name: np.concatenate(scores) for name, scores in likeness.items()},
    )


def _parted(held_out_speakers: frozenset[str]) -> tuple[list[TalkingClip], list[TalkingClip]]:
    """Clips to learn from, and those of the people left out."""
    return (
        [clip for clip in WorkerState.clips if clip.speaker not in held_out_speakers],
        [clip for clip in WorkerState.clips if clip.speaker in held_out_speakers],
    )


def _negative_speakers(held: list[TalkingClip], learnt: list[TalkingClip]) -> list[TalkingClip]:
    """Whose audio is another person's, for someone left out alone: people learnt from, the first two clips each."""
    if len({clip.speaker for clip in held}) > 1:
        return []
    taken: dict[str, list[TalkingClip]] = {}
    for clip in learnt:
        taken.setdefault(clip.speaker, []).append(clip)
    return [clip for own in taken.values() for clip in own[:2]]


def _end_with(parent) -> None:
    """A worker whose command was killed must not go on beside the next one."""
    parent.join()
    os._exit(1)

"""Training of one pair of towers, step by step, and the embeddings that trained towers give."""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from speech2vid.sync_training.batches import BatchMaker, BatchSettings, SyncBatch
from speech2vid.sync_training.clips import TalkingClip, speech_frames
from speech2vid.sync_training.losses import clip_loss, frame_loss, pair_loss
from speech2vid.sync_training.scoring import EmbeddedClip
from speech2vid.sync_training.towers import SyncTowers
from transforms.speakers.sync_scores import MAX_SHIFT


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTrainingSettings:
    """Settings of the training of one pair of towers."""

    steps: int = 1000  # at most
    score_every: int = 100  # steps; a checkpoint is written as often
    patience: int = 4  # scorings without a better one before training ends
    learning_rate: float = 1e-3
    warm_up: int = 50  # steps
    weight_decay: float = 0.05
    averaging: float = 0.98  # the result is the weights' running mean over about 1 / (1 - averaging) steps
    width: int = 96
    log_mel_only: bool = False  # without the features of a speech encoder
    embedding: int = 64
    dropout: float = 0.2
    clip_weight: float = 0.5
    pair_weight: float = 1.0
    batches: BatchSettings = field(default_factory=BatchSettings)


class SyncTraining:
    """A pair of towers in training. On one thread a seed gives the same bits, whether it was resumed or not.

    Only one training may advance in a process at a time: dropout draws from torch's global random numbers.
    """

    def __init__(self, clips: list[TalkingClip], settings: SyncTrainingSettings, seed: int) -> None:
        """Begin a training at step 0."""
        torch.manual_seed(seed)
        self._settings = settings
        self.losses: list[float] = []
        self.random = np.random.default_rng(seed)
        self._maker = BatchMaker(clips, settings.batches, self.random)
        self.learning = new_towers(settings)
        self.average = AveragedModel(
            self.learning, multi_avg_fn=get_ema_multi_avg_fn(settings.averaging), use_buffers=True
        )
        self.optimizer = torch.optim.AdamW(self.learning.parameters(), weight_decay=settings.weight_decay)

    @property
    def towers(self) -> SyncTowers:
        """Towers of the averaged weights, which are the result of the training."""
        return cast(SyncTowers, self.average.module.eval())

    def advance(self) -> None:
        """Make one step; its loss is the last of `losses`."""
        for group in self.optimizer.param_groups:
            group["lr"] = _learning_rate(len(self.losses), self._settings)
        loss = _loss(self.learning.train(), self._maker.draw(), self._settings)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.average.update_parameters(self.learning)
        self.losses.append(float(loss.detach()))


def new_towers(settings: SyncTrainingSettings) -> SyncTowers:
    """Untrained towers of the settings' size."""
    return SyncTowers(
        width=settings.width, embedding=settings.embedding, dropout=settings.dropout, log_mel_only=settings.log_mel_only
    )


def trained(clips: list[TalkingClip], settings: SyncTrainingSettings, seed: int) -> SyncTowers:
    """Train a pair of towers for all steps."""
    training = SyncTraining(clips, settings, seed)
    for _ in range(settings.steps):
        training.advance()
    return training.towers


def embed_clips(pairs: list[SyncTowers], clips: list[TalkingClip]) -> list[EmbeddedClip]:
    """Embed clips; the similarities of several pairs of towers are averaged."""
    return [
        EmbeddedClip(
            name=clip.name,
            speaker=clip.speaker,
            speech=speech_frames(clip.columns),
            face=embed_face(pairs, clip.positions),
            audio=embed_audio(pairs, clip.columns, clip.spoken[0].astype(np.float32)),
        )
        for clip in clips
    ]


def embed_face(pairs: list[SyncTowers], positions: np.ndarray) -> np.ndarray:
    """Vectors float32 (T, E) of lip positions (T, 192)."""
    return _embed([pair.face for pair in pairs], positions)


def embed_audio(pairs: list[SyncTowers], columns: np.ndarray, spoken: np.ndarray) -> np.ndarray:
    """Vectors float32 (S, E) of audio columns (4 S, 40) and speech features float32 (2 S, 288 or 0)."""
    return _embed([pair.audio for pair in pairs], columns, spoken)


def _learning_rate(steps_done: int, settings: SyncTrainingSettings) -> float:
    """Linear warm-up from a tenth, then constant."""
    return settings.learning_rate * (0.1 + 0.9 * min(1.0, steps_done / settings.warm_up))


def _loss(towers: SyncTowers, batch: SyncBatch, settings: SyncTrainingSettings) -> torch.Tensor:
    face = towers.face(torch.from_numpy(batch.positions))
    audio = towers.audio(torch.from_numpy(batch.columns), torch.from_numpy(batch.spoken))
    speech, scales = torch.from_numpy(batch.speech), towers.log_scales.exp().clamp(max=50)
    return (
        frame_loss(face, audio, speech, scales[0])
        + settings.clip_weight * clip_loss(face, audio, speech, scales[1])
        + settings.pair_weight * pair_loss(face, audio, speech, scales[2], MAX_SHIFT)
    )


@torch.no_grad()
def _embed(towers: list[torch.nn.Module], *values: np.ndarray) -> np.ndarray:
    tensors = [torch.from_numpy(value)[None] for value in values]
    embedded = [tower.eval()(*tensors)[0].numpy() for tower in towers]
    return np.concatenate(embedded, axis=1) / np.float32(len(towers) ** 0.5)

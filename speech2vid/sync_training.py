"""Training of one pair of towers, and how well people it never saw are judged after so many steps."""
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from speech2vid.sync_batches import BatchMaker, BatchSettings, SyncBatch
from speech2vid.sync_clips import TalkingClip, speech_frames
from speech2vid.sync_losses import clip_loss, frame_loss, pair_loss
from speech2vid.sync_scoring import EmbeddedClip, SyncScore, score
from speech2vid.sync_towers import SyncTowers
from transforms.speakers.sync_scores import MAX_SHIFT


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTrainingSettings:
    """One training run."""

    steps: int = 1000
    score_every: int = 100  # steps
    learning_rate: float = 1e-3
    warm_up: int = 50  # steps
    weight_decay: float = 0.05
    averaging: float = 0.98  # what is scored and kept are the weights' running mean over about 1 / (1 - this) steps
    width: int = 96
    embedding: int = 64
    dropout: float = 0.2
    clip_weight: float = 0.5
    pair_weight: float = 1.0
    batches: BatchSettings = field(default_factory=BatchSettings)


def training_steps(clips: list[TalkingClip], settings: SyncTrainingSettings,
                   seed: int) -> Iterator[tuple[int, float, SyncTowers]]:
    """Train; yields steps done, loss and averaged towers after each step. On one thread a seed gives the same bits."""
    torch.manual_seed(seed)
    maker = BatchMaker(clips, settings.batches, seed)
    towers = SyncTowers(width=settings.width, embedding=settings.embedding, dropout=settings.dropout)
    average = AveragedModel(towers, multi_avg_fn=get_ema_multi_avg_fn(settings.averaging), use_buffers=True)
    optimizer = torch.optim.AdamW(towers.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    warm_up = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, 1.0, settings.warm_up)
    for step in range(1, settings.steps + 1):
        loss = _loss(towers.train(), maker.draw(), settings)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        warm_up.step()
        average.update_parameters(towers)
        yield step, float(loss.detach()), average.module.eval()


def trained(clips: list[TalkingClip], settings: SyncTrainingSettings, seed: int) -> SyncTowers:
    """Towers after all steps."""
    *_, (_, _, towers) = training_steps(clips, settings, seed)
    return towers


def held_out_scores(clips: list[TalkingClip], people: set[str], settings: SyncTrainingSettings, seed: int,
                    report: Callable[[str], None]) -> dict[int, SyncScore]:
    """Steps -> score on the clips of some people, who are left out of training."""
    learnt = [clip for clip in clips if clip.speaker not in people]
    held = [clip for clip in clips if clip.speaker in people]
    scores = {}
    for step, loss, towers in training_steps(learnt, settings, seed):
        if step % settings.score_every == 0:
            scores[step] = score(embed_clips([towers], held))
            report(f"step {step}, loss {loss:.2f}, lag found {scores[step].lag_share:.2f}, AUC {scores[step].auc:.3f}")
    return scores


def deal_people(clips: list[TalkingClip], num_folds: int) -> list[set[str]]:
    """People dealt into folds by their frames, largest first, each to the fold that has least.

    The person with most stays in training always: without their clips the rest would teach too little.
    """
    frames: dict[str, int] = {}
    for clip in clips:
        frames[clip.speaker] = frames.get(clip.speaker, 0) + len(clip)
    folds: list[set[str]] = [set() for _ in range(num_folds)]
    for speaker in sorted(frames, key=lambda name: (-frames[name], name))[1:]:
        min(folds, key=lambda fold: sum(frames[name] for name in fold)).add(speaker)
    return folds


def embed_clips(pairs: list[SyncTowers], clips: list[TalkingClip]) -> list[EmbeddedClip]:
    """Embeddings of clips; several pairs' similarities are averaged."""
    return [EmbeddedClip(name=clip.name, speaker=clip.speaker, speech=speech_frames(clip.columns),
                         face=_joined([pair.face for pair in pairs], clip.positions),
                         sound=_joined([pair.sound for pair in pairs], clip.columns)) for clip in clips]


def _loss(towers: SyncTowers, batch: SyncBatch, settings: SyncTrainingSettings) -> torch.Tensor:
    face = towers.face(torch.from_numpy(batch.positions))
    sound = towers.sound(torch.from_numpy(batch.columns))
    speech, scales = torch.from_numpy(batch.speech), towers.log_scales.exp().clamp(max=50)
    return (frame_loss(face, sound, speech, scales[0])
            + settings.clip_weight * clip_loss(face, sound, speech, scales[1])
            + settings.pair_weight * pair_loss(face, sound, speech, scales[2], MAX_SHIFT))


@torch.no_grad()
def _joined(towers: list[torch.nn.Module], values: np.ndarray) -> np.ndarray:
    embedded = [tower.eval()(torch.from_numpy(values)[None])[0].numpy() for tower in towers]
    return np.concatenate(embedded, axis=1) / np.float32(len(towers) ** 0.5)

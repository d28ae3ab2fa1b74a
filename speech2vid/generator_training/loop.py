"""Training of a generator, step by step. On one thread a seed gives the same bits, gone on with or not.

Each step draws its random numbers from the seed, its own number and the rank: nothing else about them has to be kept.
"""

import functools
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from schemas.errors import TalkshardError
from speech2vid.generator.deblurring import Deblurring
from speech2vid.generator.face_features import load_face_features
from speech2vid.generator.lip_network import LipNetwork, LipShapes, mouths
from speech2vid.generator.networks import Generator
from speech2vid.generator.vgg_m import start_identity_encoder
from speech2vid.generator_training.augment_audio import augment_audio
from speech2vid.generator_training.batches import GeneratorBatch
from speech2vid.generator_training.losses import GeneratorLoss
from speech2vid.generator_training.pretraining import (
    Pool,
    Say,
    gather_pretraining_samples,
    train_audio,
    train_deblurring,
    train_lip_network,
)
from speech2vid.generator_training.recipes import GeneratorTrainingSettings
from speech2vid.reader.ranks import Ranks

_FIRST_SHARE, _LAST_SHARE = 0.1, 0.02  # of the learning rate, at the beginning and at the end


class GeneratorTraining:
    """A generator that learns, and what it learns with."""

    def __init__(self, settings: GeneratorTrainingSettings, seed: int, ranks: Ranks) -> None:
        torch.manual_seed(seed)
        self.settings, self.seed, self.ranks, self.steps = settings, seed, ranks, 0
        self.generator = Generator(settings.generator).to(ranks.device, memory_format=torch.channels_last)
        self.average = AveragedModel(self.generator, multi_avg_fn=self._average, use_buffers=True)
        self.optimizer = torch.optim.AdamW(self._groups(), weight_decay=settings.weight_decay)
        self.lip_network: LipNetwork | None = None
        self.deblurring: Deblurring | None = None

    @property
    def kept(self) -> Generator:
        """What was learnt so far: the averaged weights."""
        return self.average.module.eval()

    def start_identity(self, path: Path) -> None:
        """Begin the identity encoder with VGG Face weights, as the paper does."""
        start_identity_encoder(self.generator.identity, path)
        self.average.module.load_state_dict(self.generator.state_dict())

    def prepare(self, batches: Iterable[GeneratorBatch], say: Say) -> None:
        """Learn from the first batches what comes before the generator; all ranks get the first's networks."""
        settings, wanted = self.settings, self.settings.preparation
        if not (settings.losses.reads_lips or wanted.audio_steps or settings.deblurring_width):
            return
        torch.manual_seed(self.seed)
        pool = gather_pretraining_samples(batches)
        if settings.losses.reads_lips or wanted.audio_steps:
            self._prepare_lips(pool, say)
        if settings.deblurring_width:
            say("deblurring learns from stills")
            self.deblurring = train_deblurring(pool, settings.deblurring_width, wanted.deblurring_steps)
        for network in (self.lip_network, self.deblurring, self.generator):
            if network is not None:
                self.ranks.share(network)
        self.average.module.load_state_dict(self.generator.state_dict())

    def _prepare_lips(self, pool: Pool, say: Say) -> None:
        settings, wanted = self.settings, self.settings.preparation
        shapes = LipShapes.fitted(pool.lips).to(self.ranks.device)
        if settings.losses.reads_lips:
            self.lip_network = train_lip_network(pool, shapes, wanted.lip_steps, wanted.rows, say)
        if wanted.audio_steps:
            train_audio(
                self.generator.audio,
                settings.generator.features,
                pool,
                shapes,
                wanted.audio_steps,
                wanted.rows,
                say,
                settings.augment_audio,
            )

    def advance(self, batch: GeneratorBatch) -> dict[str, float]:
        """One step; its losses by name, `loss` their sum, of all ranks. TalkshardError when they are no numbers."""
        torch.manual_seed(_mixed(self.seed, self.steps, self.ranks.rank))
        for group in self.optimizer.param_groups:
            group["lr"] = group["share"] * learning_rate(self.steps, self.settings)
        with self._precision():
            made = self._learning.train()(self._heard(batch), batch.identity)
            terms = self._loss(made, batch.targets, batch.num_targets)
            loss = sum(terms.values())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.generator.parameters(), self.settings.gradient_norm)
        self.optimizer.step()
        self.average.update_parameters(self.generator)
        self.steps += 1
        return self._numbers({"loss": loss, **terms, "gradient_norm": norm})

    @torch.no_grad()
    def show(self, batch: GeneratorBatch) -> Tensor:
        """Faces that the kept weights make (B, 3, S, S)."""
        return self.kept(batch.audio, batch.identity)

    @torch.no_grad()
    def change_with_audio(self, batch: GeneratorBatch) -> float:
        """How far another clip's audio moves the mouth's pixels, mean of 0..1. TalkshardError when it does not."""
        other = self.kept(batch.with_wrong_audio(), batch.identity)
        change = float(self.ranks.mean((mouths(self.show(batch)) - mouths(other)).abs().mean()))
        settings = self.settings
        if change < settings.min_change and self.steps >= settings.min_change_after:
            raise TalkshardError(
                f"step {self.steps}: faces do not change with the audio (another audio moves the mouth's pixels by "
                f"{255 * change:.3f} of 255, least {255 * settings.min_change:.3f}): channels died, or pixel loss "
                "alone; take a lower learning rate, or a recipe with difference and lip loss"
            )
        return change

    @functools.cached_property
    def _learning(self) -> nn.Module:
        return self.ranks.wrap(self.generator)

    @functools.cached_property
    def _loss(self) -> GeneratorLoss:
        losses = self.settings.losses
        features = load_face_features(losses.content_network).to(self.ranks.device) if losses.content else None
        return GeneratorLoss(losses, features, self.lip_network)

    def _heard(self, batch: GeneratorBatch) -> Tensor:
        settings = self.settings
        return augment_audio(batch.audio, settings.generator.features) if settings.augment_audio else batch.audio

    def _precision(self) -> torch.autocast:
        device = self.ranks.device
        enabled = self.settings.half_precision and has_fast_half_precision(device)
        return torch.autocast(device.type, torch.bfloat16, enabled=enabled)

    def _average(self, averaged: list[Tensor], learning: list[Tensor], num_averaged: Tensor) -> None:
        """Over few steps at first: what was there before learning soon counts for nothing."""
        steps = int(num_averaged)
        get_ema_multi_avg_fn(min(self.settings.averaging, (1 + steps) / (10 + steps)))(averaged, learning, num_averaged)

    def _groups(self) -> list[dict[str, object]]:
        heard = set(self.generator.audio.parameters())
        others = [value for value in self.generator.parameters() if value not in heard]
        return [
            {"params": others, "share": 1.0},
            {"params": list(self.generator.audio.parameters()), "share": self.settings.audio_learning_share},
        ]

    def _numbers(self, terms: dict[str, Tensor]) -> dict[str, float]:
        means = self.ranks.mean(torch.stack([value.detach().float() for value in terms.values()]))
        numbers = dict(zip(terms, means.tolist(), strict=True))
        if not all(map(math.isfinite, numbers.values())):
            raise TalkshardError(
                f"step {self.steps}: the loss is no number any more ("
                + ", ".join(f"{name} {value:.3g}" for name, value in numbers.items())
                + "): go on from the last checkpoint with a lower --learning_rate"
            )
        return numbers


def learning_rate(steps_done: int, settings: GeneratorTrainingSettings) -> float:
    """Up in a line over the warm-up, then down half a cosine to nearly nothing at the last step."""
    if steps_done < settings.warm_up:
        return settings.learning_rate * (_FIRST_SHARE + (1 - _FIRST_SHARE) * steps_done / settings.warm_up)
    done = (steps_done - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.learning_rate * (_LAST_SHARE + (1 - _LAST_SHARE) * (1 + math.cos(math.pi * min(1.0, done))) / 2)


def has_fast_half_precision(device: torch.device) -> bool:
    """Whether bfloat16 is quicker than float32 there."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _mixed(*numbers: int) -> int:
    """One seed out of several."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)

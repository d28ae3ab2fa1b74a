"""Training of a generator, step by step. On one thread a seed gives the same bits, whether the run was resumed or not.

Each step seeds its random numbers with the run's seed, its own number and the rank, so that no random state is stored.
"""

import functools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import cast

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
    PretrainingSamples,
    Say,
    gather_pretraining_samples,
    train_audio_encoder,
    train_deblurring,
    train_lip_network,
)
from speech2vid.generator_training.recipes import GeneratorTrainingSettings
from speech2vid.reader.ranks import Ranks

_FIRST_SHARE, _LAST_SHARE = 0.1, 0.02  # of the learning rate, at the beginning and at the end
Tensors = tuple[Tensor, ...] | list[Tensor]


class GeneratorTraining:
    """A generator in training, its optimizer, and the frozen networks of its losses."""

    def __init__(self, settings: GeneratorTrainingSettings, seed: int, ranks: Ranks) -> None:
        """Begin a training at step 0, without pretraining."""
        torch.manual_seed(seed)
        self.settings, self.seed, self.ranks, self.steps = settings, seed, ranks, 0
        self.generator = Generator(settings.generator)
        self.generator.to(ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # a missing overload
        self.average = AveragedModel(self.generator, multi_avg_fn=self._average, use_buffers=True)
        self.optimizer = torch.optim.AdamW(self._parameter_groups(), weight_decay=settings.weight_decay)
        self.lip_network: LipNetwork | None = None
        self.deblurring: Deblurring | None = None

    @property
    def averaged(self) -> Generator:
        """The generator of the averaged weights, which is the result of the training."""
        return cast(Generator, self.average.module.eval())

    def start_identity(self, path: Path) -> None:
        """Start the identity encoder from VGG Face weights, as the paper does."""
        start_identity_encoder(self.generator.identity, path)
        self.average.module.load_state_dict(self.generator.state_dict())

    def pretrain(self, batches: Iterable[GeneratorBatch], say: Say) -> None:
        """Train what the recipe pretrains on these batches; all ranks get the first one's networks."""
        settings = self.settings
        pretrains_lips = settings.losses.reads_lips or settings.pretraining.audio_steps > 0
        if not (pretrains_lips or settings.deblurring_width):
            return
        torch.manual_seed(self.seed)
        samples = gather_pretraining_samples(batches)
        if pretrains_lips:
            self._pretrain_lips(samples, say)
        if settings.deblurring_width:
            say("training the deblurring network on stills")
            steps = settings.pretraining.deblurring_steps
            self.deblurring = train_deblurring(samples, settings.deblurring_width, steps)
        for network in (self.lip_network, self.deblurring, self.generator):
            if network is not None:
                self.ranks.share(network)
        self.average.module.load_state_dict(self.generator.state_dict())

    def _pretrain_lips(self, samples: PretrainingSamples, say: Say) -> None:
        settings, pretraining = self.settings, self.settings.pretraining
        shapes = LipShapes.fitted(samples.lips).to(self.ranks.device)
        if settings.losses.reads_lips:
            self.lip_network = train_lip_network(samples, shapes, pretraining.lip_steps, pretraining.rows, say)
        if pretraining.audio_steps:
            train_audio_encoder(
                self.generator.audio,
                settings.generator.features,
                samples,
                shapes,
                pretraining.audio_steps,
                pretraining.rows,
                say,
                settings.augment_audio,
            )

    def advance(self, batch: GeneratorBatch) -> dict[str, float]:
        """Make one step; its losses by name, means over all ranks, `loss` their sum. TalkshardError: not finite."""
        torch.manual_seed(_combined_seed(self.seed, self.steps, self.ranks.rank))
        for group in self.optimizer.param_groups:
            group["lr"] = group["share"] * learning_rate(self.steps, self.settings)
        with self._precision():
            generated = self._trained.train()(self._audio(batch), batch.identity)
            terms = self._loss(generated, batch.targets, batch.num_targets)
            loss = functools.reduce(torch.add, terms.values())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.generator.parameters(), self.settings.gradient_norm)
        self.optimizer.step()
        self.average.update_parameters(self.generator)
        self.steps += 1
        return self._finite({"loss": loss, **terms, "gradient_norm": norm})

    @torch.no_grad()
    def generate(self, batch: GeneratorBatch) -> Tensor:
        """Faces (B, 3, S, S) of the averaged weights."""
        return self.averaged(batch.audio, batch.identity)

    @torch.no_grad()
    def change_with_audio(self, batch: GeneratorBatch) -> float:
        """Mean change of the mouth's pixels, in 0..1, with another clip's audio. TalkshardError: it is too small."""
        other = self.averaged(batch.with_wrong_audio(), batch.identity)
        change = float(self.ranks.mean((mouths(self.generate(batch)) - mouths(other)).abs().mean()))
        settings = self.settings
        if change < settings.min_change and self.steps >= settings.min_change_after:
            raise TalkshardError(
                f"step {self.steps}: faces do not change with the audio (another audio moves the mouth's pixels by "
                f"{255 * change:.3f} of 255, least {255 * settings.min_change:.3f}): channels died, or pixel loss "
                "alone; take a lower learning rate, or a recipe with difference and lip loss"
            )
        return change

    @functools.cached_property
    def _trained(self) -> nn.Module:
        return self.ranks.wrap(self.generator)

    @functools.cached_property
    def _loss(self) -> GeneratorLoss:
        losses = self.settings.losses
        features = load_face_features(losses.content_network).to(self.ranks.device) if losses.content else None
        return GeneratorLoss(losses, features, self.lip_network)

    def _audio(self, batch: GeneratorBatch) -> Tensor:
        settings = self.settings
        return augment_audio(batch.audio, settings.generator.features) if settings.augment_audio else batch.audio

    def _precision(self) -> torch.autocast:
        device = self.ranks.device
        enabled = self.settings.half_precision and has_fast_half_precision(device)
        return torch.autocast(device.type, torch.bfloat16, enabled=enabled)

    def _average(self, averaged: Tensors, trained: Tensors, num_averaged: Tensor | int) -> None:
        """Average over few steps at first, so that the untrained weights soon count for nothing."""
        steps = int(num_averaged)
        get_ema_multi_avg_fn(min(self.settings.averaging, (1 + steps) / (10 + steps)))(averaged, trained, num_averaged)

    def _parameter_groups(self) -> list[dict[str, object]]:
        audio = list(self.generator.audio.parameters())
        of_audio = set(audio)
        others = [value for value in self.generator.parameters() if value not in of_audio]
        return [{"params": others, "share": 1.0}, {"params": audio, "share": self.settings.audio_learning_share}]

    def _finite(self, terms: dict[str, Tensor]) -> dict[str, float]:
        """Means over all ranks; TalkshardError when one is not finite."""
        means = self.ranks.mean(torch.stack([value.detach().float() for value in terms.values()]))
        numbers = dict(zip(terms, means.tolist(), strict=True))
        if not all(map(math.isfinite, numbers.values())):
            raise TalkshardError(
                f"step {self.steps}: the loss is not finite any more ("
                + ", ".join(f"{name} {value:.3g}" for name, value in numbers.items())
                + "): resume from the last checkpoint with a lower --learning_rate"
            )
        return numbers


def learning_rate(steps_done: int, settings: GeneratorTrainingSettings) -> float:
    """Linear warm-up, then half a cosine down to nearly zero at the last step."""
    if steps_done < settings.warm_up:
        return settings.learning_rate * (_FIRST_SHARE + (1 - _FIRST_SHARE) * steps_done / settings.warm_up)
    done = (steps_done - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.learning_rate * (_LAST_SHARE + (1 - _LAST_SHARE) * (1 + math.cos(math.pi * min(1.0, done))) / 2)


def has_fast_half_precision(device: torch.device) -> bool:
    """Whether the device computes bfloat16 faster than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _combined_seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)

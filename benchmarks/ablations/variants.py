"""The variants: each differs from the base in one thing."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from speech2vid.generator.settings import GeneratorSettings
from speech2vid.generator_training.losses import LossSettings
from speech2vid.generator_training.recipes import (
    GeneratorTrainingSettings,
    PretrainingSettings,
    SamplingSettings,
    ValidationSettings,
)
from speech2vid.training.loop_settings import LoopSettings

BASE = "base"
_CONTENT_WEIGHT = 0.02
Change = Callable[[GeneratorTrainingSettings], GeneratorTrainingSettings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One row of the table."""

    name: str
    about: str
    change: Change | None = None  # None: the base's training is reused
    deblurs: bool = False  # whether the deblurring network is applied to generated faces

    @property
    def trained_as(self) -> str:
        """Name of the variant whose training it uses."""
        return BASE if self.change is None else self.name


def _generator(**values: object) -> Change:
    return lambda base: dataclasses.replace(base, generator=dataclasses.replace(base.generator, **values))


def _losses(**values: float) -> Change:
    return lambda base: dataclasses.replace(base, losses=dataclasses.replace(base.losses, **values))


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(name=BASE, about="published graph: speech encoder, 5 stills, skips, upsampled, no content loss"),
        Variant(name="one_still", about="1 still", change=_generator(num_identity=1)),
        Variant(name="no_skips", about="no skips", change=_generator(skips=False)),
        Variant(name="transposed", about="transposed convolutions", change=_generator(decoder="transposed")),
        Variant(name="mfcc", about="conditioned on MFCC, as in the paper", change=_generator(audio_features="mfcc")),
        Variant(name="content_loss", about=f"content loss, {_CONTENT_WEIGHT}", change=_losses(content=_CONTENT_WEIGHT)),
        Variant(name="deblurred", about="deblurring applied after", deblurs=True),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One variant with one seed."""

    variant: Variant
    seed: int

    @property
    def folder(self) -> str:
        """Folder of its results, below the output."""
        return f"{self.variant.name}/seed{self.seed}"

    @property
    def training_folder(self) -> str:
        """Folder of the generator that is evaluated, below the output."""
        return f"{self.variant.trained_as}/seed{self.seed}/training"


def plan(names: Sequence[str], seeds: Sequence[int]) -> list[Job]:
    """Jobs in order: the base with all seeds, whose range is the yardstick, then the variants seed after seed."""
    chosen = [variant for variant in VARIANTS.values() if variant.name in {BASE, *names}]
    seeds = list(dict.fromkeys(seeds))
    of_base = [Job(variant=variant, seed=seed) for seed in seeds for variant in chosen if variant.trained_as == BASE]
    others = [Job(variant=variant, seed=seed) for seed in seeds for variant in chosen if variant.trained_as != BASE]
    return of_base + others


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How large the base is and how long all variants learn; more than the defaults is work for a GPU."""

    steps: int = 800
    width: float = 0.25  # of the published channels
    image_px: int = 64
    learning_rate: float = 2e-3


def base_settings(budget: Budget) -> GeneratorTrainingSettings:
    """The published graph, with losses that see movement, at a budget.

    A variant whose mouth does not move is a finding here and does not stop the run. Only the last step is validated:
    all variants are compared after equal steps.
    """
    steps = budget.steps
    return GeneratorTrainingSettings(
        generator=GeneratorSettings(width=budget.width, image_px=budget.image_px, audio_features="speech"),
        losses=LossSettings(mouth=3, content=0, difference=16, lip_shape=0.5, lip_features=0.6),
        pretraining=PretrainingSettings(num_batches=40, lip_steps=300, audio_steps=600, deblurring_width=16),
        sampling=SamplingSettings(batch_clips=6, augment_audio=True),
        validation=ValidationSettings(min_change=0.0),
        loop=LoopSettings(steps=steps, learning_rate=budget.learning_rate, warm_up=100, validate_every=steps),
    )


def settings_of(variant: Variant, budget: Budget) -> GeneratorTrainingSettings:
    """Settings of a variant's training. Only the base trains a deblurring network: the others' would not be used."""
    base = base_settings(budget)
    if variant.change is None:
        return base
    changed = variant.change(base)
    return dataclasses.replace(changed, pretraining=dataclasses.replace(changed.pretraining, deblurring_width=0))

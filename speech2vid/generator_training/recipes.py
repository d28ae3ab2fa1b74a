"""Whole settings of `talkshard train`: tiny, small, paper."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from schemas.errors import UsageError
from speech2vid.generator.deblurring import PUBLISHED_WIDTH
from speech2vid.generator.networks import GeneratorSettings
from speech2vid.generator_training.losses import LossSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingSettings:
    """What is learnt before the generator, from targets of the first batches."""

    pool_batches: int = 100
    lip_steps: int = 600  # of the lip network, if a loss reads lips
    audio_steps: int = 0  # of the audio encoder, which predicts lip shape
    deblurring_steps: int = 600
    rows: int = 64  # targets of a step


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorTrainingSettings:
    """One training run."""

    name: str
    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    losses: LossSettings = field(default_factory=LossSettings)
    preparation: PretrainingSettings = field(default_factory=PretrainingSettings)
    batch_clips: int = 12  # of each rank
    targets_per_clip: int = 4  # that share their stills
    steps: int = 5000
    learning_rate: float = 1e-3
    audio_learning_share: float = 1.0  # of the learning rate, for an audio encoder that has learnt before
    warm_up: int = 200  # steps
    weight_decay: float = 0.01
    gradient_norm: float = 1.0  # clipped at
    averaging: float = 0.998  # what is kept are the weights' running mean over about 1 / (1 - this) steps
    half_precision: bool = True  # bfloat16 where the processor has it
    augment_audio: bool = False  # other voices and rooms: see sound_changes
    deblurring_width: int = 0  # 0: none
    look_every: int = 250  # steps: images, and whether faces change with the audio
    save_every: int = 250  # steps
    min_change: float = 0.05 / 255  # of a mouth's pixel by another audio; below it the run stops
    min_change_after: int = 1000  # steps


def paper() -> GeneratorTrainingSettings:
    """The published graph and loss. Batch size, rate and number of steps are unpublished."""
    return GeneratorTrainingSettings(
        name="paper",
        batch_clips=32,
        targets_per_clip=1,
        steps=200_000,
        learning_rate=1e-4,
        averaging=0.999,
        deblurring_width=PUBLISHED_WIDTH,
        look_every=1000,
        save_every=1000,
        min_change_after=20_000,
    )


def tiny() -> GeneratorTrainingSettings:
    """A mouth that opens and closes with the audio, after half an hour on two cores."""
    return GeneratorTrainingSettings(
        name="tiny",
        generator=GeneratorSettings(
            width=0.25, image_px=112, residual=True, film=True, leaky=True, audio_dropout=0.1, audio="speech"
        ),
        losses=LossSettings(mouth=3, content=0, difference=4, lip_shape=0.1, lip_features=0.2),
        preparation=PretrainingSettings(audio_steps=1200),
        steps=3500,
        audio_learning_share=0.3,
        augment_audio=True,
        deblurring_width=16,
    )


def small() -> GeneratorTrainingSettings:
    """As tiny, three eighths of the published width, and the content loss: two hours on two cores."""
    smaller = tiny()
    return replace(
        smaller,
        name="small",
        generator=replace(smaller.generator, width=0.375),
        losses=replace(smaller.losses, content=0.02),
        preparation=PretrainingSettings(pool_batches=200, lip_steps=1200, audio_steps=2000),
        steps=6500,
    )


RECIPES: dict[str, Callable[[], GeneratorTrainingSettings]] = {"tiny": tiny, "small": small, "paper": paper}


def recipe(name: str) -> GeneratorTrainingSettings:
    """By name; UsageError for another."""
    if name not in RECIPES:
        raise UsageError(f"no recipe is called {name!r}: there are {', '.join(RECIPES)}")
    return RECIPES[name]()

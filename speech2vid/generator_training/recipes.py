"""Recipes of `talkshard train`, each a complete set of settings: tiny, small, paper."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from schemas.errors import UsageError
from speech2vid.generator.deblurring import PUBLISHED_WIDTH
from speech2vid.generator.settings import GeneratorSettings
from speech2vid.generator_training.losses import LossSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingSettings:
    """Pretraining on the targets of the first batches."""

    num_batches: int = 100
    lip_steps: int = 600  # of the lip network, if a loss uses it
    audio_steps: int = 0  # of the audio encoder, which learns to predict lip shape
    deblurring_steps: int = 600
    rows: int = 64  # targets of a step


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorTrainingSettings:
    """Settings of one training."""

    name: str
    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    losses: LossSettings = field(default_factory=LossSettings)
    pretraining: PretrainingSettings = field(default_factory=PretrainingSettings)
    batch_clips: int = 12  # of each rank
    targets_per_clip: int = 4  # that share their stills
    steps: int = 5000
    learning_rate: float = 1e-3
    audio_learning_share: float = 1.0  # learning rate of the audio encoder, which may be pretrained, over the others'
    warm_up: int = 200  # steps
    weight_decay: float = 0.01
    gradient_norm: float = 1.0  # clipped at
    averaging: float = 0.998  # the result is the weights' running mean over about 1 / (1 - averaging) steps
    half_precision: bool = True  # bfloat16 where the processor has it
    augment_audio: bool = False  # see augment_audio
    deblurring_width: int = 0  # 0: no deblurring network
    check_every: int = 250  # steps: images for TensorBoard, and whether faces change with the audio
    save_every: int = 250  # steps: a checkpoint
    min_change: float = 0.05 / 255  # of a mouth's pixel when the audio changes; below it the run stops
    min_change_after: int = 1000  # steps


def paper() -> GeneratorTrainingSettings:
    """The published graph and loss. The authors did not publish batch size, learning rate and number of steps."""
    return GeneratorTrainingSettings(
        name="paper",
        batch_clips=32,
        targets_per_clip=1,
        steps=200_000,
        learning_rate=1e-4,
        averaging=0.999,
        deblurring_width=PUBLISHED_WIDTH,
        check_every=1000,
        save_every=1000,
        min_change_after=20_000,
    )


def tiny() -> GeneratorTrainingSettings:
    """A mouth that opens and closes with the audio, after half an hour on two cores."""
    return GeneratorTrainingSettings(
        name="tiny",
        generator=GeneratorSettings(
            width=0.25, image_px=112, residual=True, film=True, leaky=True, audio_dropout=0.1, audio_features="speech"
        ),
        losses=LossSettings(mouth=3, content=0, difference=4, lip_shape=0.1, lip_features=0.2),
        pretraining=PretrainingSettings(audio_steps=1200),
        steps=3500,
        audio_learning_share=0.3,
        augment_audio=True,
        deblurring_width=16,
    )


def small() -> GeneratorTrainingSettings:
    """Like tiny with three eighths of the published width and the content loss; two hours on two cores."""
    smaller = tiny()
    return replace(
        smaller,
        name="small",
        generator=replace(smaller.generator, width=0.375),
        losses=replace(smaller.losses, content=0.02),
        pretraining=PretrainingSettings(num_batches=200, lip_steps=1200, audio_steps=2000),
        steps=6500,
    )


RECIPES: dict[str, Callable[[], GeneratorTrainingSettings]] = {"tiny": tiny, "small": small, "paper": paper}


def recipe(name: str) -> GeneratorTrainingSettings:
    """The recipe of a name; UsageError when there is none."""
    if name not in RECIPES:
        raise UsageError(f"there is no recipe {name!r}: choose one of {', '.join(RECIPES)}")
    return RECIPES[name]()

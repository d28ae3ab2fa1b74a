"""Recipes of the generator that makes pixels from scratch, each a complete set of settings: tiny, small, paper."""

from dataclasses import dataclass, field

from schemas.settings import require, setting
from speech2vid.generator.deblurring import PUBLISHED_WIDTH
from speech2vid.generator.settings import GeneratorSettings
from speech2vid.generator_training.losses import LossSettings
from speech2vid.training.loop_settings import LoopSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingSettings:
    """Pretraining on the targets of the first batches."""

    num_batches: int = setting(100, "batches", "whose targets are held in memory and learnt from")
    lip_steps: int = setting(600, "steps", "of the lip network, if a loss uses it")
    audio_steps: int = setting(0, "steps", "of the audio encoder, which learns to predict lip shape")
    audio_learning_share: float = setting(1.0, "of the learning rate", "that of the audio encoder afterwards")
    deblurring_steps: int = setting(600, "steps", "of the deblurring network")
    deblurring_width: int = setting(0, "channels", "of the deblurring network; 0: none")
    rows: int = setting(64, "targets", "of a step")
    identity_weights: str | None = setting(None, "", "FILE of VGG-M weights that the identity encoder starts from")


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSettings:
    """What a batch holds, and how it is augmented."""

    batch_clips: int = setting(12, "clips", "of a batch, in each process")
    targets_per_clip: int = setting(4, "frames", "to generate of a clip; they share their stills")
    balance: float = setting(1.0, "exponent", "a person is drawn as (number of clips)^balance; 0: all people alike")
    one_still_share: float = setting(0.0, "of the samples", "in which all stills are the same one")
    mirror: bool = setting(False, "", "half of the clips are mirrored")
    colour: float = setting(0.0, "", "largest deviation of a colour channel's gain from 1")
    augment_audio: bool = setting(False, "", "audio features are disturbed as by other voices and rooms")
    cache_mb: int = setting(2000, "MB", "of the speech encoder's features kept in the output folder, beyond memory")

    def __post_init__(self) -> None:
        """Check the settings; ValueError."""
        require(self.batch_clips >= 2, f"sampling.batch_clips must be 2 or more, not {self.batch_clips}")
        for name in ("balance", "one_still_share", "colour"):
            value = getattr(self, name)
            require(0 <= value <= 1, f"sampling.{name} must be in 0..1, not {value:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationSettings:
    """Validation on held-out people."""

    clips: int = setting(24, "clips", "at most, spread over the people")
    frames: int = setting(25, "frames", "of each clip")
    min_change: float = setting(0.05, "of 255", "least change of a mouth's pixel with the audio; below it a run stops")
    min_change_after: int = setting(1000, "steps", "before which min_change does not count")


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorTrainingSettings:
    """Settings of one training."""

    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    losses: LossSettings = field(default_factory=LossSettings)
    pretraining: PretrainingSettings = field(default_factory=PretrainingSettings)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    loop: LoopSettings = field(default_factory=LoopSettings)


def paper() -> GeneratorTrainingSettings:
    """The published graph and loss. The authors did not publish batch size, learning rate and number of steps."""
    return GeneratorTrainingSettings(
        pretraining=PretrainingSettings(deblurring_width=PUBLISHED_WIDTH),
        sampling=SamplingSettings(batch_clips=32, targets_per_clip=1),
        validation=ValidationSettings(min_change_after=20_000),
        loop=LoopSettings(steps=200_000, learning_rate=1e-4, averaging=0.999, validate_every=1000, save_every=1000),
    )

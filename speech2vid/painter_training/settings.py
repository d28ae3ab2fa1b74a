"""Settings of the painter's training."""

from dataclasses import dataclass, field

from schemas.settings import require, setting
from speech2vid.painter_training.network import PainterSettings
from speech2vid.training.loop_settings import LoopSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSettings:
    """How a sample is drawn: a frame of a clip, and other frames of it as stills."""

    batch: int = setting(16, "samples", "of a batch, in each process")
    balance: float = setting(0.5, "exponent", "a person is drawn as (number of clips)^balance; 0: all people alike")
    one_still_share: float = setting(0.4, "of the samples", "that have one still alone; others have two to five")
    combined_share: float = setting(0.5, "of the samples", "whose base is combined from several stills")
    repaint_every: int = setting(4, "batches", "of which one repaints the whole lower face of the frame itself")
    mesh_error: float = setting(
        0.15, "of another mesh", "at most, that is mixed into the target's: motion errs as well"
    )
    mirror: bool = setting(True, "", "half of the batches are mirrored")
    colour: float = setting(0.2, "", "largest deviation of a colour channel's gain from 1")

    def __post_init__(self) -> None:
        """Check the settings; ValueError."""
        require(self.batch >= 2, f"pairs.batch must be 2 or more, not {self.batch}")
        require(self.repaint_every >= 2, f"pairs.repaint_every must be 2 or more, not {self.repaint_every}")
        for name in ("balance", "one_still_share", "combined_share", "mesh_error", "colour"):
            value = getattr(self, name)
            require(0 <= value <= 1, f"pairs.{name} must be in 0..1, not {value:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PainterLossSettings:
    """Weights of the terms."""

    pixels: float = setting(4.0, "", "weight of the absolute difference of the pixels")
    own: float = setting(2.0, "", "weight of the same of the network's own colours, where others are chosen as well")
    detail: float = setting(2.0, "", "weight of the same at three scales without what is coarser")

    def __post_init__(self) -> None:
        """Check the settings; ValueError."""
        for name in ("pixels", "own", "detail"):
            require(getattr(self, name) >= 0, f"losses.{name} must be 0 or more, not {getattr(self, name):g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PainterValidationSettings:
    """Validation on held-out people."""

    clips: int = setting(8, "clips", "at most, spread over the people")
    frames: int = setting(6, "frames", "of each clip")


@dataclass(frozen=True, slots=True, kw_only=True)
class PainterTrainingSettings:
    """Settings of one training."""

    network: PainterSettings = field(default_factory=PainterSettings)
    pairs: PairSettings = field(default_factory=PairSettings)
    losses: PainterLossSettings = field(default_factory=PainterLossSettings)
    validation: PainterValidationSettings = field(default_factory=PainterValidationSettings)
    loop: LoopSettings = field(default_factory=LoopSettings)


def tiny() -> PainterTrainingSettings:
    """A painter after a quarter of an hour on two cores."""
    return PainterTrainingSettings(
        loop=LoopSettings(
            steps=1800, learning_rate=2e-3, warm_up=50, averaging=0.99, validate_every=200, save_every=200
        )
    )

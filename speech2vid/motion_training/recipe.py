"""The recipe `motion`: from the audio to mouth shapes."""

from dataclasses import dataclass, field

from schemas.settings import require, setting
from speech2vid.training.loop_settings import LoopSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionNetworkSettings:
    """The network."""

    components: int = setting(8, "", "principal components of the mouth's motion")
    inputs: int = setting(96, "", "principal components of the speech features")
    members: int = setting(5, "networks", "whose mean is taken; each leaves out a part of the people")
    width: int = setting(96, "channels", "of a layer")
    dropout: float = setting(0.8, "", "of a layer's channels")
    noise: float = setting(0.3, "deviations", "of the features, added in training")
    gain: float = setting(1.2, "", "the motion's width over that of held-out people's real motion")

    def __post_init__(self) -> None:
        """Check the settings; ValueError."""
        for name in ("components", "inputs", "width"):
            require(getattr(self, name) >= 1, f"network.{name} must be 1 or more, not {getattr(self, name)}")
        require(self.members >= 2, f"network.members must be 2 or more, not {self.members}")
        require(self.gain > 0, f"network.gain must be above 0, not {self.gain:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionSamplingSettings:
    """What a batch holds."""

    batch_clips: int = setting(32, "clips", "of a batch")
    frames: int = setting(40, "frames", "of a clip")
    balance: float = setting(0.4, "", "a person's share of the samples is its number of frames to this power")


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionLossSettings:
    """Weights of the losses."""

    shape: float = setting(1.0, "", "of the mouth's shape")
    velocity: float = setting(0.5, "", "of its change from frame to frame")
    opening: float = setting(2.0, "", "of the distance of the inner lips")
    correlation: float = setting(2.0, "", "of one minus that distance's correlation with the real one, over a piece")
    closure: float = setting(0.3, "", "of whether the lips meet")


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionSettings:
    """Settings of the recipe."""

    network: MotionNetworkSettings = field(default_factory=MotionNetworkSettings)
    sampling: MotionSamplingSettings = field(default_factory=MotionSamplingSettings)
    losses: MotionLossSettings = field(default_factory=MotionLossSettings)
    loop: LoopSettings = field(
        default_factory=lambda: LoopSettings(
            steps=300,
            learning_rate=2e-3,
            warm_up=40,
            weight_decay=0.1,
            averaging=0.99,
            half_precision=False,
            validate_every=100,
            save_every=100,
        )
    )


def motion() -> MotionSettings:
    """The recipe's settings."""
    return MotionSettings()

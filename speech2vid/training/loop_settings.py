"""Settings of the training loop, which every recipe has as its section `loop`."""

from dataclasses import dataclass

from schemas.settings import require, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """How long and how fast a network learns, and what is kept of it."""

    steps: int = setting(5000, "steps", "of the training")
    learning_rate: float = setting(1e-3, "", "the highest; it rises over loop.warm_up steps, then falls along a cosine")
    warm_up: int = setting(200, "steps", "in which the learning rate rises")
    weight_decay: float = setting(0.01, "", "of AdamW")
    gradient_norm: float = setting(1.0, "", "at which gradients are clipped")
    averaging: float = setting(0.998, "", "the result is the weights' mean over about 1 / (1 - averaging) steps")
    half_precision: bool = setting(True, "", "bfloat16 where the processor computes it faster")
    accumulate: int = setting(1, "batches", "of each process whose gradients make one step")
    validate_every: int = setting(250, "steps", "between validations on held-out people")
    save_every: int = setting(250, "steps", "between checkpoints")
    patience: int = setting(0, "validations", "without a better one, after which the training ends; 0: never")

    def __post_init__(self) -> None:
        """Check the settings; ValueError."""
        for name in ("steps", "accumulate", "validate_every", "save_every"):
            require(getattr(self, name) >= 1, f"loop.{name} must be 1 or more, not {getattr(self, name)}")
        require(self.learning_rate >= 0, f"loop.learning_rate must be 0 or more, not {self.learning_rate:g}")
        require(0 <= self.averaging < 1, f"loop.averaging must be in 0..1, not {self.averaging:g}")
        require(min(self.patience, self.warm_up) >= 0, "loop.patience and loop.warm_up must be 0 or more")

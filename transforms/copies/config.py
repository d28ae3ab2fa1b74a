"""When two clips are copies of one performance, and what becomes of them."""

from dataclasses import dataclass

from schemas.settings import require, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiesConfig:
    """Settings of FindCopies."""

    max_shared: float = setting(
        0.5, "of the clip", "share that better clips show too, above which it is dropped as their copy; 1: none is"
    )
    min_audio: float = setting(
        0.93, "correlation", "of the audio of two clips, laid upon each other, from which on they may be copies"
    )
    min_lips: float = setting(0.35, "correlation", "of their lips at the same place, likewise")

    def __post_init__(self) -> None:
        """Check the settings; UsageError."""
        require(0 < self.max_shared <= 1, f"copies.max_shared must be above 0 and at most 1, not {self.max_shared}")
        for name in ("min_audio", "min_lips"):
            value = getattr(self, name)
            require(0 < value <= 1, f"copies.{name} must be above 0 and at most 1, not {value}")

"""Settings of the shards."""

from dataclasses import dataclass

from schemas.settings import require, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardsConfig:
    """Size of the shards."""

    target_mb: float = setting(256.0, "MB", "target size of a shard")

    def __post_init__(self) -> None:
        """Check the settings; UsageError."""
        require(self.target_mb > 0, f"shards.target_mb must be positive, not {self.target_mb}")

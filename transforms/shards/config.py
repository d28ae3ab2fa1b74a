"""Settings of the shards."""

from dataclasses import dataclass

from schemas.settings import require, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardsConfig:
    """Size of the shards."""

    target_mb: float = setting(256.0, "MB", "size a shard aims at")

    def __post_init__(self) -> None:
        require(self.target_mb > 0, f"shards.target_mb must be positive, not {self.target_mb}")

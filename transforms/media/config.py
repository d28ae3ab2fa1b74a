"""Limits on what one source may cost, and which of its streams are used."""

from dataclasses import dataclass

from schemas.settings import require, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """Limits above which a source or window fails; no sane input exceeds them."""

    duration_h: float = setting(6.0, "h", "longest source")
    prepare_s: float = setting(1800.0, "s", "CPU time to prepare one source")
    fetch_s: float = setting(3600.0, "s", "time to fetch one file from a store")
    window_s: float = setting(300.0, "s", "CPU time to track the faces of one window")
    frame_megapixels: float = setting(40.0, "megapixel", "largest frame")
    memory_mb: int = setting(6000, "MB", "data memory of the process that decodes")
    damaged_share: float = setting(0.05, "of a window's frames", "undecodable frames above which the window fails")

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        require(min(self.duration_h, self.prepare_s, self.fetch_s, self.window_s) > 0, "limits must be positive")
        require(0 <= self.damaged_share <= 1, f"limits.damaged_share must be in 0..1, not {self.damaged_share}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioConfig:
    """Which audio stream is used."""

    stream: int = setting(
        -1, "container stream index", "audio stream to use; -1: the default one, or of several the one with speech"
    )


DYNAMIC_RANGES = {"any": ("sdr", "pq", "hlg"), "sdr": ("sdr",)}
"""Values of video.dynamic_range -> the kinds of dynamic range that it keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoConfig:
    """Which video stream is used, and of which sources."""

    stream: int = setting(
        -1, "container stream index", "video stream to use; -1: the default one, or of several the one that shows faces"
    )
    dynamic_range: str = setting("any", "any or sdr", "sdr: sources of high dynamic range (PQ, HLG) are dropped")

    def __post_init__(self) -> None:
        """Refuse an unknown dynamic range."""
        require(
            self.dynamic_range in DYNAMIC_RANGES, f"video.dynamic_range must be any or sdr, not {self.dynamic_range!r}"
        )

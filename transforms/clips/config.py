"""Settings of stored clips."""

from dataclasses import dataclass

from schemas.clock import FRAME_RATE, seconds_from_frames
from schemas.settings import require, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipsConfig:
    """Length, image size and quality of stored clips."""

    min_s: float = setting(1.0, "s", "shortest clip")
    max_s: float = setting(
        10.0, "s", "longest clip; longer turns are cut into equal parts, or into clips of this length"
    )
    max_bridged_share: float = setting(0.1, "of the clip's frames", "interpolated faces above which a clip is dropped")
    min_mouth_visibility: float = setting(
        0.35, "probability", "mean probability that the mouth is seen, below which a clip is dropped; 0: none is"
    )
    image_px: int = setting(112, "px", "side of the stored face")
    margin: float = setting(0.0, "of the canonical crop's side", "widens the canonical crop on every side")
    jpeg_quality: int = setting(95, "JPEG quality", "of stored faces, 4:4:4")

    def __post_init__(self) -> None:
        """Check the settings; UsageError."""
        require(0.2 <= self.min_s <= self.max_s, "clips need 0.2 <= clips.min_s <= clips.max_s")
        require(
            seconds_from_frames(max_clip_frames(self.max_s)) >= self.min_s,
            f"clips.min_s={self.min_s:g} to clips.max_s={self.max_s:g} hold no whole number of frames of "
            "0.04 s: give a multiple of it",
        )
        require(16 <= self.image_px <= 1024, f"clips.image_px must be in 16..1024, not {self.image_px}")
        require(
            0 <= self.min_mouth_visibility <= 1,
            f"clips.min_mouth_visibility must be in 0..1, not {self.min_mouth_visibility}",
        )
        require(0 <= self.margin <= 1, f"clips.margin must be in 0..1, not {self.margin}")


def max_clip_frames(max_s: float) -> int:
    """Frames of the longest clip: the most that last no longer than max_s."""
    nearest = round(max_s * FRAME_RATE)
    return (
        nearest if seconds_from_frames(nearest) <= max_s else nearest - 1
    )  # in seconds: 4.6 * 25 is 114.99999999999999

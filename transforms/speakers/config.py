"""Settings of deciding who speaks."""
from dataclasses import dataclass

from schemas.settings import require, setting

SYNCNET = "syncnet:"
"""Before a file of the published network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakersConfig:
    """Who speaks, and by how much the sound is late. `network` is default, none, FILE.onnx or syncnet:FILE."""

    network: str = setting("default", "", "default, none, FILE.onnx or syncnet:FILE")
    min_voiced_share: float = setting(0.3, "of the track", "speech under a track below which it is not judged")
    min_confidence: float = setting(0.21, "likeness (peak - median)",
                                    "confidence below which sound and lips do not belong together")
    rival_ratio: float = setting(0.8, "of the best face's confidence",
                                 "a face that fits worse than this while another fits better does not speak")
    overlap_ratio: float = setting(0.6, "of the best face's activity", "a second face that fits as well speaks too")
    max_abs_lag_frames: float = setting(12.0, "frame", "largest lag that is corrected")

    def __post_init__(self) -> None:
        known = self.network in ("default", "none") or self.network.endswith(".onnx") or self.is_syncnet
        require(known, f"speakers.network must be default, none, FILE.onnx or syncnet:FILE, not {self.network!r}")
        require(0 < self.overlap_ratio <= 1, f"speakers.overlap_ratio must be in 0..1, not {self.overlap_ratio}")
        require(0 < self.rival_ratio <= 1, f"speakers.rival_ratio must be in 0..1, not {self.rival_ratio}")
        require(0 <= self.max_abs_lag_frames <= 15, "speakers.max_abs_lag_frames must be in 0..15: the curve has 31 points")

    @property
    def is_syncnet(self) -> bool:
        """Whether the published network judges."""
        return self.network.startswith(SYNCNET) and self.network != SYNCNET

"""Settings of FindSpeakers."""

from dataclasses import dataclass

from schemas.settings import require, setting

SYNCNET = "syncnet:"
"""Prefix of a file of the published network."""
UNCALIBRATED_CONFIDENCE = 0.21  # keeps 95 % of the right pairs of the tuning speakers


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakersConfig:
    """How the active speaker and the lag of the audio are judged."""

    network: str = setting("default", "", "default, none, FILE.onnx or syncnet:FILE")
    min_voiced_share: float = setting(
        0.3, "of the track", "share of frames with speech below which a track is not judged"
    )
    min_probability: float = setting(0.5, "probability", "that a face makes the audio, below which it is dropped")
    unsure_probability: float = setting(
        0.1,
        "probability",
        "below which the audio is not the face's own; from here up to min_probability a face is dropped as unsure",
    )
    min_confidence: float | None = setting(
        None,
        "similarity (peak - median)",
        "confidence below which audio and lips do not belong together; none: "
        f"{UNCALIBRATED_CONFIDENCE}, asked only where the network gives no probability",
    )
    max_abs_lag_frames: float = setting(12.0, "frame", "largest lag that is corrected")
    max_lip_correlation: float = setting(
        0.75,
        "correlation",
        "of the lips of two faces in view, above which they are one person seen twice, and the smaller or less sharp "
        "face is dropped",
    )
    min_active_s: float = setting(0.2, "s", "time in a row in which a face speaks, at least; shorter runs are ignored")
    max_drift_frames: float = setting(
        2.0,
        "frame",
        "change of the lag along a track (10 s of it at most), above which it is dropped; not asked where the rate of "
        "the audio is certain and is corrected",
    )
    turn_margin_s: float = setting(
        0.2, "s", "kept on each side of a turn: lips open before the voice and close after it"
    )
    min_shift_frames: float = setting(
        1.0, "frame", "a smaller lag, or one below twice its standard error, is not corrected"
    )

    def __post_init__(self) -> None:
        """Refuse values out of their range."""
        known = self.network in ("default", "none") or self.network.endswith(".onnx") or self.is_syncnet
        require(known, f"speakers.network must be default, none, FILE.onnx or syncnet:FILE, not {self.network!r}")
        require(
            0 <= self.unsure_probability <= self.min_probability <= 1,
            "speakers need 0 <= speakers.unsure_probability <= speakers.min_probability <= 1",
        )
        require(
            0 <= self.max_lip_correlation <= 1,
            f"speakers.max_lip_correlation must be in 0..1, not {self.max_lip_correlation}",
        )
        require(0 <= self.min_active_s <= 60, f"speakers.min_active_s must be in 0..60, not {self.min_active_s}")
        require(0 <= self.turn_margin_s <= 10, f"speakers.turn_margin_s must be in 0..10, not {self.turn_margin_s}")
        require(self.max_drift_frames >= 0, f"speakers.max_drift_frames must be 0 or more, not {self.max_drift_frames}")
        require(self.min_shift_frames >= 0, f"speakers.min_shift_frames must be 0 or more, not {self.min_shift_frames}")
        require(
            0 <= self.max_abs_lag_frames <= 15, "speakers.max_abs_lag_frames must be in 0..15: the curve has 31 points"
        )

    @property
    def confidence_threshold(self) -> float:
        """The least confidence of a face that is asked for it."""
        return UNCALIBRATED_CONFIDENCE if self.min_confidence is None else self.min_confidence

    @property
    def is_syncnet(self) -> bool:
        """Whether the published SyncNet is the sync network."""
        return self.network.startswith(SYNCNET) and self.network != SYNCNET

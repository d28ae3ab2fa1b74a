"""Settings of finding speech, and of the streams that are used."""

from dataclasses import dataclass

from schemas.settings import require, setting
from transforms.media.config import AudioConfig, VideoConfig
from transforms.prepare.speech_models import is_speech_model, speech_model_forms

__all__ = ["AudioConfig", "SpeechConfig", "VideoConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechConfig:
    """How speech is found. `model` names a speech model of the registry."""

    model: str = setting("silero", "", f"{speech_model_forms()}, where MODEL is a file, a folder or a hub id")
    onset: float = setting(0.5, "probability", "speech begins at or above")
    offset: float = setting(0.35, "probability", "speech ends below")
    min_speech_s: float = setting(
        0.2, "s", "shorter speech is dropped; so are sources and windows with less speech in all"
    )
    min_silence_s: float = setting(0.3, "s", "shorter silence is filled")

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        require(is_speech_model(self.model), f"speech.model must be {speech_model_forms()}, not {self.model!r}")
        require(0 < self.offset <= self.onset < 1, "speech thresholds need 0 < offset <= onset < 1")

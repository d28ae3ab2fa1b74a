"""Settings of finding speech, and of the audio it is found in."""

from dataclasses import dataclass

from schemas.settings import require, setting
from transforms.media.config import AudioConfig

__all__ = ["AudioConfig", "SpeechConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechConfig:
    """How speech is found. `model` is silero or pyannote:MODEL."""

    model: str = setting("silero", "", "silero, or pyannote:FILE, pyannote:FOLDER, pyannote:HUB_ID")
    onset: float = setting(0.5, "probability", "speech begins at or above")
    offset: float = setting(0.35, "probability", "speech ends below")
    min_speech_s: float = setting(0.2, "s", "shorter speech is dropped")
    min_silence_s: float = setting(0.3, "s", "shorter silence is filled")

    def __post_init__(self) -> None:
        known = self.model == "silero" or (self.model.startswith("pyannote:") and len(self.model) > 9)
        require(known, f"speech.model must be silero or pyannote:MODEL, not {self.model!r}")
        require(0 < self.offset <= self.onset < 1, "speech thresholds need 0 < offset <= onset < 1")

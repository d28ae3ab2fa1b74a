"""Settings of transcripts."""

from dataclasses import dataclass

from schemas.settings import require, setting

MOONSHINE = "moonshine"
RECOGNISER_MODELS = {"none": (), MOONSHINE: ("speech_encoder", "speech_decoder", "speech_tokens")}
"""Name of a recogniser -> its models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptsConfig:
    """Whether what is said is written down."""

    recogniser: str = setting("none", "", "none, or moonshine: Moonshine tiny, which knows English only")

    def __post_init__(self) -> None:
        """Check the settings; UsageError."""
        require(
            self.recogniser in RECOGNISER_MODELS,
            f"transcripts.recogniser must be {' or '.join(RECOGNISER_MODELS)}, not {self.recogniser!r}",
        )

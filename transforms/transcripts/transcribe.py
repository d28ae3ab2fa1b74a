"""The transcript of a clip: the plain function behind AddTranscripts."""

import re
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from schemas import clip_parts
from schemas.stored.decode import decode_audio
from schemas.stored.members import split_members
from schemas.tables import ClipRow

_ENGLISH = re.compile(r"(en|eng|english)\b.*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said in a clip."""

    text: str
    confidence: float  # 0..1, mean probability of the tokens, the end among them


class Recogniser(Protocol):
    """Writes down speech."""

    def transcribe(self, samples: np.ndarray) -> Transcript:
        """The text of int16 samples (N,) at 16 kHz."""


def is_english(language: str) -> bool:
    """Whether speech may be English by the language that it was given with; without one it may."""
    return not language.strip() or bool(_ENGLISH.fullmatch(language.strip().replace("_", "-")))


def transcribe_clip(key: str, members: bytes, recogniser: Recogniser) -> Transcript:
    """The transcript of a clip's stored audio. members: its tar members. ValueError: they are damaged."""
    parts = dict(split_members(memoryview(members), key))
    return recogniser.transcribe(decode_audio(parts[clip_parts.AUDIO]))


def with_transcript(row: ClipRow, transcript: Transcript | None) -> ClipRow:
    """A clip's row with its text; None: its language is one that the recogniser does not know, so the text is empty."""
    if transcript is None:
        return replace(row, text="", text_confidence=None)
    return replace(row, text=transcript.text, text_confidence=transcript.confidence)

"""All speech models: what every one of them does, and the registry by which --speech names them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from schemas.records import SpeechTurn
from transforms.media.choices import Choice, chosen, forms_of, is_choice
from transforms.media.model_licences import pinned_weights
from transforms.media.models import verify_models
from transforms.media.silero import MODEL as SILERO
from transforms.prepare.pyannote_file import pyannote_weights, require_pyannote
from transforms.prepare.speech_spans import SpeechThresholds


class SpeechModel(Protocol):
    """Finds speech in audio."""

    name: str  # with the first 16 hex digits of the weights' sha256

    def find_speech(self, blocks: Iterable[np.ndarray]) -> tuple[SpeechTurn, ...]:
        """Turns in ascending order. blocks: int16 (n,), 16 kHz mono, one after the other; all of them are read."""


class SpeechSettings(SpeechThresholds, Protocol):
    """The settings that a speech model is loaded with, see SpeechConfig."""

    @property
    def model(self) -> str:
        """Name of a speech model, with its argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechModelEntry(Choice):
    """One speech model that --speech can name."""

    load: Callable[[str, SpeechThresholds], SpeechModel]  # of the argument; UsageError where it is missing
    require: Callable[[str], None]  # argument -> UsageError where this machine plainly lacks something
    weights: Callable[[str], dict[str, dict[str, str]]]  # argument -> for run.json: file -> its sha256 and licence


def _load_silero(argument: str, thresholds: SpeechThresholds) -> SpeechModel:
    from transforms.prepare.silero_speech import SileroSpeech

    return SileroSpeech(thresholds)


def _load_pyannote(argument: str, thresholds: SpeechThresholds) -> SpeechModel:
    from transforms.prepare.pyannote_speech import PyannoteSpeech  # imports torch, which nothing else in the graph does

    return PyannoteSpeech(argument, thresholds)


SPEECH_MODELS = {
    entry.name: entry
    for entry in (
        SpeechModelEntry(
            name=SILERO,
            load=_load_silero,
            require=lambda argument: verify_models((SILERO,)),
            weights=lambda argument: {SILERO: pinned_weights(SILERO)},
        ),
        SpeechModelEntry(
            name="pyannote", argument="MODEL", load=_load_pyannote, require=require_pyannote, weights=pyannote_weights
        ),
    )
}
"""Speech model's name -> its entry; the first is the default."""

CHANNEL_MODEL = "silero"
"""The model that chooses audio stream and channels, whichever model --speech names; see transforms.media.silero."""


def speech_model_forms() -> str:
    """What --speech takes: "A or B:MODEL"."""
    return forms_of(SPEECH_MODELS)


def is_speech_model(setting: str) -> bool:
    """Whether a setting names a speech model, with an argument exactly where its form has one."""
    return is_choice(SPEECH_MODELS, setting)


def load_speech_model(settings: SpeechSettings) -> SpeechModel:
    """Load the speech model that the settings name; UsageError where it is missing."""
    entry, argument = chosen(SPEECH_MODELS, settings.model)
    return entry.load(argument, settings)


def require_speech_model(setting: str) -> None:
    """Raise UsageError where this machine plainly lacks what the named speech model needs."""
    entry, argument = chosen(SPEECH_MODELS, setting)
    entry.require(argument)


def speech_model_weights(setting: str) -> dict[str, dict[str, str]]:
    """Weights of the named speech model, for run.json: file -> its sha256, "" where that is not known, and licence."""
    entry, argument = chosen(SPEECH_MODELS, setting)
    return entry.weights(argument)

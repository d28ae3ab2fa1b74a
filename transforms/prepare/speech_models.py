"""All speech models: what every one of them does, and the registry by which --speech names them."""

import importlib.util
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from schemas.errors import UsageError
from schemas.records import SpeechTurn
from transforms.prepare.speech_spans import SpeechThresholds

_FILE_ENDINGS = (".bin", ".ckpt", ".pt", ".yaml")


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
class SpeechModelEntry:
    """One speech model that --speech can name."""

    name: str  # the setting, or its part before the colon
    argument: str = ""  # the part after the colon, as --help shows it; "" where the name is the whole setting
    load: Callable[[str, SpeechThresholds], SpeechModel]  # of the argument; UsageError where it is missing
    require: Callable[[str], None]  # argument -> UsageError where this machine plainly lacks something

    @property
    def form(self) -> str:
        """What the setting looks like: "silero", "pyannote:MODEL"."""
        return f"{self.name}:{self.argument}" if self.argument else self.name


def _load_silero(argument: str, thresholds: SpeechThresholds) -> SpeechModel:
    from transforms.prepare.silero_speech import SileroSpeech

    return SileroSpeech(thresholds)


def _load_pyannote(argument: str, thresholds: SpeechThresholds) -> SpeechModel:
    from transforms.prepare.pyannote_speech import PyannoteSpeech  # imports torch, which nothing else in the graph does

    return PyannoteSpeech(argument, thresholds)


def _require_pyannote(argument: str) -> None:
    if importlib.util.find_spec("pyannote") is None or importlib.util.find_spec("pyannote.audio") is None:
        raise UsageError("--speech pyannote needs the extra of that name: pip install 'talkshard[pyannote]'")
    is_path = argument.startswith((".", "/", "~")) or argument.endswith(_FILE_ENDINGS) or argument.count("/") > 1
    if is_path and not os.path.exists(argument):
        raise UsageError(f"--speech pyannote:{argument}: there is no file or folder {argument!r}")


SPEECH_MODELS = {
    entry.name: entry
    for entry in (
        SpeechModelEntry(name="silero", load=_load_silero, require=lambda argument: None),
        SpeechModelEntry(name="pyannote", argument="MODEL", load=_load_pyannote, require=_require_pyannote),
    )
}
"""Speech model's name -> its entry; the first is the default."""


def speech_model_forms() -> str:
    """What --speech takes: "A or B:MODEL"."""
    return " or ".join(entry.form for entry in SPEECH_MODELS.values())


def is_speech_model(setting: str) -> bool:
    """Whether a setting names a speech model, with an argument exactly where its form has one."""
    name, colon, argument = setting.partition(":")
    entry = SPEECH_MODELS.get(name)
    return entry is not None and (bool(argument) if entry.argument else not colon)


def load_speech_model(settings: SpeechSettings) -> SpeechModel:
    """Load the speech model that the settings name; UsageError where it is missing."""
    entry, argument = _named(settings.model)
    return entry.load(argument, settings)


def require_speech_model(setting: str) -> None:
    """Raise UsageError where this machine plainly lacks what the named speech model needs."""
    entry, argument = _named(setting)
    entry.require(argument)


def _named(setting: str) -> tuple[SpeechModelEntry, str]:
    if not is_speech_model(setting):
        raise ValueError(f"a speech model is {speech_model_forms()}, not {setting!r}")
    name, _, argument = setting.partition(":")
    return SPEECH_MODELS[name], argument

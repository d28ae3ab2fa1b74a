"""From speech probabilities to spans of speech: hysteresis, filled silences, dropped scraps."""

from typing import Protocol

import numpy as np


class SpeechThresholds(Protocol):
    """The settings of a span of speech, see SpeechConfig."""

    @property
    def onset(self) -> float:
        """Probability at or above which speech begins."""

    @property
    def offset(self) -> float:
        """Probability below which speech ends."""

    @property
    def min_speech_s(self) -> float:
        """Shorter speech is dropped, seconds."""

    @property
    def min_silence_s(self) -> float:
        """Shorter silence is filled, seconds."""


def speech_spans(probabilities: np.ndarray, step_s: float, thresholds: SpeechThresholds) -> list[tuple[int, int]]:
    """Half-open spans of steps with speech: from onset to offset, short silences filled, then short speech dropped."""
    filled: list[tuple[int, int]] = []
    for start, end in _onset_to_offset(probabilities, thresholds):
        if filled and (start - filled[-1][1]) * step_s < thresholds.min_silence_s:
            start = filled.pop()[0]
        filled.append((start, end))
    return [(start, end) for start, end in filled if (end - start) * step_s >= thresholds.min_speech_s]


def _onset_to_offset(probabilities: np.ndarray, thresholds: SpeechThresholds) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    is_speaking = False
    for step, probability in enumerate(probabilities):
        if probability >= (thresholds.offset if is_speaking else thresholds.onset):
            start = spans.pop()[0] if is_speaking else step
            spans.append((start, step + 1))
            is_speaking = True
        else:
            is_speaking = False
    return spans

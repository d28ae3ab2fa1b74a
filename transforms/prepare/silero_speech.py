"""Speech by Silero VAD, streamed. It tells no voices apart."""

from collections.abc import Iterable, Iterator

import numpy as np

from schemas.clock import SAMPLE_RATE_HZ
from schemas.records import SpeechTurn
from transforms.media.silero import CHUNK_SAMPLES, SileroVad, silero_name
from transforms.prepare.speech_spans import SpeechThresholds, speech_spans


class SileroSpeech:
    """Silero VAD; see SpeechModel."""

    def __init__(self, thresholds: SpeechThresholds) -> None:
        """thresholds: where speech begins and ends."""
        self._thresholds = thresholds
        self._vad = SileroVad()
        self.name = silero_name()

    def find_speech(self, blocks: Iterable[np.ndarray]) -> tuple[SpeechTurn, ...]:
        """Turns without voices, in steps of 32 ms."""
        self._vad.reset()  # its state would carry over from the source before
        num_samples, probabilities = 0, []
        for chunk, length in _chunks(blocks):
            probabilities.append(self._vad.probability(chunk))
            num_samples += length
        spans = speech_spans(np.array(probabilities), CHUNK_SAMPLES / SAMPLE_RATE_HZ, self._thresholds)
        return tuple(
            SpeechTurn(
                start_sample=start * CHUNK_SAMPLES,
                end_sample=min(end * CHUNK_SAMPLES, num_samples),
                voice="",
                overlapped=False,
            )
            for start, end in spans
        )


def _chunks(blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, int]]:
    """(512 samples, how many of them are audio): the last chunk is filled up with zeros."""
    left = np.zeros(0, np.int16)
    for block in blocks:
        left = np.concatenate([left, block])
        whole = len(left) // CHUNK_SAMPLES * CHUNK_SAMPLES
        for start in range(0, whole, CHUNK_SAMPLES):
            yield left[start : start + CHUNK_SAMPLES], CHUNK_SAMPLES
        left = left[whole:]
    if len(left):
        yield np.concatenate([left, np.zeros(CHUNK_SAMPLES - len(left), np.int16)]), len(left)

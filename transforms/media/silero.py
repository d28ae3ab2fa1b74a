"""Silero VAD (MIT), through ONNX Runtime: how probable speech is in each 32 ms of audio."""

from typing import TYPE_CHECKING

import numpy as np

from schemas.clock import SAMPLE_RATE_HZ
from transforms.media.models import known_model, model_path
from transforms.media.onnx_runtime import onnx_session

if TYPE_CHECKING:
    import onnxruntime

MODEL = "silero"

CHUNK_SAMPLES = 512  # what the network takes at once: 32 ms
_CONTEXT_SAMPLES = 64  # of the chunk before, which the network takes with it
_STATE_SHAPE = (2, 1, 128)
_FULL_SCALE = 32768.0
_MAX_SILENT_CHUNKS = 10 * SAMPLE_RATE_HZ // CHUNK_SAMPLES  # not asked about what follows: a clock may jump by hours
_SPEECH = 0.5  # probability at or above which a chunk counts as speech


class SileroVad:
    """The network with its state, which `reset` clears."""

    def __init__(self) -> None:
        """Load nothing yet: most files need no look at their channels."""
        self._network: onnxruntime.InferenceSession | None = None
        self._forget()

    def _forget(self) -> None:
        self._num_silent = 0  # chunks of digital silence in a row
        self._state = np.zeros(_STATE_SHAPE, np.float32)
        self._audio = np.zeros((1, _CONTEXT_SAMPLES + CHUNK_SAMPLES), np.float32)  # the last chunk with its context

    def reset(self) -> None:
        """Load the network, or forget the audio before. Call it before each source. UsageError: not installed."""
        if self._network is None:
            self._network = onnx_session(model_path(MODEL))
        self._forget()

    def probability(self, chunk: np.ndarray) -> float:
        """Of speech in int16 (512,)."""
        self._num_silent = 0 if chunk.any() else self._num_silent + 1
        if self._num_silent > _MAX_SILENT_CHUNKS:
            return 0.0
        assert self._network is not None  # `reset` was called
        self._audio = np.concatenate([self._audio[:, CHUNK_SAMPLES:], chunk[None] / np.float32(_FULL_SCALE)], axis=1)
        inputs = {"input": self._audio, "state": self._state, "sr": np.array(SAMPLE_RATE_HZ)}
        probability, self._state = self._network.run(None, inputs)
        return 0.0 if self._num_silent else float(probability[0, 0])  # digital silence is no speech

    def speech_chunks(self, samples: np.ndarray) -> np.ndarray:
        """Whether there is speech in each whole chunk of int16 (n,): bool (n // 512,)."""
        self.reset()
        chunks = samples[: len(samples) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES)
        return np.array([self.probability(chunk) >= _SPEECH for chunk in chunks], bool)


def silero_name() -> str:
    """Name of the weights, with the first 16 hex digits of their sha256."""
    model = known_model(MODEL)
    return f"{MODEL}-v{model.version} {model.member_sha256[:16]}"


def seconds_of(chunks: np.ndarray) -> float:
    """Duration of the chunks that are true."""
    return float(chunks.sum()) * CHUNK_SAMPLES / SAMPLE_RATE_HZ

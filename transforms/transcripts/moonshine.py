"""Moonshine tiny (Jeffries et al. 2024, MIT): English speech to text, by the likeliest token each time."""

import math
from pathlib import Path

import numpy as np

from schemas.clock import SAMPLE_RATE_HZ
from transforms.media.models import model_path
from transforms.media.onnx_runtime import onnx_session
from transforms.transcripts.config import MOONSHINE, RECOGNISER_MODELS
from transforms.transcripts.tokens import read_tokens, text_of
from transforms.transcripts.transcribe import Transcript

MAX_TOKENS_PER_S = 6.5  # its authors' guard: where it finds no end, it repeats itself without one
_START, _END = 1, 2
_LAYERS, _HEADS, _HEAD_SIZE = 6, 8, 36
_MIN_SAMPLES = 2048  # three steps of the encoder
_FULL_SCALE = 32768.0
_Cache = dict[str, np.ndarray]


class Moonshine:
    """The recogniser through ONNX Runtime, on whole clips."""

    def __init__(self) -> None:
        """Load the installed models; UsageError where one is missing."""
        encoder, decoder, tokens = map(model_path, RECOGNISER_MODELS[MOONSHINE])
        self._encoder, self._decoder = onnx_session(encoder), onnx_session(decoder)
        self._tokens = read_tokens(Path(tokens).read_bytes())

    def transcribe(self, samples: np.ndarray) -> Transcript:
        """The text of int16 samples (N,) at 16 kHz, by greedy decoding."""
        values = np.pad(samples, (0, max(0, _MIN_SAMPLES - len(samples)))).astype(np.float32)[None] / _FULL_SCALE
        mask = np.ones(values.shape, np.int64)
        [steps] = self._encoder.run(None, {"input_values": values, "attention_mask": mask})
        encoded = {"encoder_hidden_states": steps, "encoder_attention_mask": mask}
        max_tokens = math.ceil(MAX_TOKENS_PER_S * len(samples) / SAMPLE_RATE_HZ)
        numbers, cache = [_START], _empty_cache()
        probabilities: list[float] = []
        while numbers[-1] != _END and len(probabilities) < max_tokens:
            logits, cache = self._decoded(numbers[-1], encoded, cache, is_first=not probabilities)
            numbers.append(int(logits.argmax()))
            probabilities.append(1 / float(np.exp(logits - logits.max()).sum()))
        spoken = numbers[1:-1] if numbers[-1] == _END else numbers[1:]
        confidence = float(np.mean(probabilities)) if probabilities else 0.0
        return Transcript(text=text_of(spoken, self._tokens), confidence=confidence)

    def _decoded(
        self, number: int, encoded: dict[str, np.ndarray], cache: _Cache, is_first: bool
    ) -> tuple[np.ndarray, _Cache]:
        """Logits (32768,) of the token after `number`, and the keys and values of all tokens up to it."""
        inputs = {
            "input_ids": np.array([[number]], np.int64),
            "use_cache_branch": np.array([not is_first]),
            **encoded,
            **cache,
        }
        logits, *present = self._decoder.run(None, inputs)
        names = [one.name.replace("present.", "past_key_values.") for one in self._decoder.get_outputs()[1:]]
        found = dict(zip(names, present, strict=True))
        kept = (
            {} if is_first else {name: value for name, value in cache.items() if ".encoder." in name}
        )  # of the first run
        return logits[0, -1].astype(np.float64), found | kept


def _empty_cache() -> _Cache:
    parts = [f"{side}.{kind}" for side in ("decoder", "encoder") for kind in ("key", "value")]
    empty = np.zeros((1, _HEADS, 0, _HEAD_SIZE), np.float32)
    return {f"past_key_values.{layer}.{part}": empty for layer in range(_LAYERS) for part in parts}

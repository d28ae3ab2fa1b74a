"""The real recogniser: what it writes, when it stops, and that it says the same twice."""

import math

import numpy as np
import pytest

from benchmarks.transcripts import _samples, known_words, plain_words, word_errors
from tests.shared_data import needs_shared, shared
from tests.transcripts.made_recogniser import needs_recogniser
from transforms.transcripts.moonshine import MAX_TOKENS_PER_S, Moonshine

pytestmark = needs_recogniser


@pytest.fixture(scope="module")
def recogniser():
    return Moonshine()


@needs_shared
def test_a_sentence_is_written_down(recogniser):
    path = shared("dev/grid_other/pwij3p.mpg")
    said = recogniser.transcribe(_samples(path))
    assert word_errors(known_words(path), plain_words(said.text)) <= 1
    assert 0.5 < said.confidence <= 1


@needs_shared
def test_the_same_audio_gives_the_same_text_and_confidence(recogniser):
    samples = _samples(shared("dev/grid_other/pwij3p.mpg"))
    assert recogniser.transcribe(samples) == recogniser.transcribe(samples) == Moonshine().transcribe(samples)


@pytest.mark.parametrize("num_samples", [0, 1, 640, 2047, 16_000, 64_000])
def test_noise_of_any_length_ends_within_the_limit_of_tokens(recogniser, num_samples):
    noise = np.random.default_rng(num_samples).normal(0, 3000, num_samples).astype(np.int16)
    calls = []
    decoded = recogniser._decoded
    recogniser._decoded = lambda *args, **kwargs: calls.append(1) or decoded(*args, **kwargs)
    said = recogniser.transcribe(noise)
    del recogniser._decoded
    assert len(calls) <= math.ceil(MAX_TOKENS_PER_S * num_samples / 16_000)
    assert 0 <= said.confidence <= 1 and (num_samples or (said.text, said.confidence) == ("", 0.0))

"""The speech encoder: the times of its features, and that a moment has the same features in any surroundings."""

import numpy as np
import pytest

from transforms.speakers.speech_encoder import BLOCK_FRAMES, FEATURES_PER_FRAME, NUM_FEATURES, NUM_LAYERS, SpeechEncoder
from transforms.speakers.sync_network import SPEECH_BLOCK_FRAMES, SPEECH_LAYERS, sync_speech_encoder


@pytest.fixture(scope="module", params=["whole", "of sync networks"])
def encoder(request) -> SpeechEncoder:
    return SpeechEncoder() if request.param == "whole" else sync_speech_encoder()


def made_speech(num_frames: int, seed: int = 0) -> np.ndarray:
    """Bursts of harmonics: int16 (640 num_frames,)."""
    random, time_s = np.random.default_rng(seed), np.arange(640 * num_frames) / 16000
    loudness = np.interp(time_s, np.arange(0, time_s[-1] + 0.1, 0.1), random.uniform(0, 1, int(time_s[-1] / 0.1) + 2))
    pitch = 120 + 40 * np.sin(2 * np.pi * 0.7 * time_s)
    phase = 2 * np.pi * np.cumsum(pitch) / 16000
    audio = sum(np.sin(k * phase) / k for k in range(1, 12))
    return (3000 * loudness * audio + random.normal(0, 20, len(audio))).astype(np.int16)


@pytest.mark.parametrize("num_frames", [0, 1, 3, 74, 75, 76, 224, 225, 226, 300])
def test_a_frame_has_two_features(encoder, num_frames):
    found = encoder.encode(made_speech(300)[: 640 * num_frames])
    assert found.shape == (FEATURES_PER_FRAME * num_frames, NUM_FEATURES)
    assert found.dtype == np.float32 and np.isfinite(found).all()


def test_a_gap_changes_the_features_where_it_is(encoder):
    audio = made_speech(60)
    with_gap = audio.copy()
    with_gap[640 * 30 : 640 * 33] = 0
    change = np.abs(encoder.encode(with_gap) - encoder.encode(audio)).mean(1)
    assert abs(np.argmax(change) - FEATURES_PER_FRAME * 31.5) <= 4


def test_a_moment_has_the_same_features_in_longer_audio(encoder):
    whole = made_speech(400)
    alone = encoder.encode(whole[640 * 150 : 640 * 225])
    within = encoder.encode(whole)[FEATURES_PER_FRAME * 150 : FEATURES_PER_FRAME * 225]
    alike = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(alone, within, strict=True)])
    elsewhere = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(alone, np.roll(within, 37, 0), strict=True)])
    assert np.median(alike) > 0.8 and (alike > elsewhere).mean() > 0.7


@pytest.mark.parametrize("chunk_samples", [1111, 640 * 75, 640 * 90])
def test_audio_in_chunks_gives_the_bits_of_the_whole(encoder, chunk_samples):
    audio = made_speech(510)
    chunks = [audio[start : start + chunk_samples] for start in range(0, len(audio), chunk_samples)]
    assert np.array_equal(np.concatenate(list(encoder.encode_stream(chunks))), encoder.encode(audio))


@pytest.mark.parametrize("shape", [((NUM_LAYERS,), BLOCK_FRAMES), ((SPEECH_LAYERS,), SPEECH_BLOCK_FRAMES)])
def test_the_same_audio_gives_the_same_bits(shape):
    audio = made_speech(90)
    assert np.array_equal(SpeechEncoder(*shape).encode(audio), SpeechEncoder(*shape).encode(audio))


def test_each_layer_adds_to_what_the_layers_before_it_found():
    audio = made_speech(75)
    found = [SpeechEncoder((layer,)).encode(audio) for layer in range(1, NUM_LAYERS + 1)]
    alike = [[np.corrcoef(a.ravel(), b.ravel())[0, 1] for b in found] for a in found]
    assert alike[1][2] > alike[1][4] > alike[1][5]


def test_layers_are_put_beside_each_other():
    audio = made_speech(75)
    both = SpeechEncoder((2, 4)).encode(audio)
    assert np.array_equal(both, np.concatenate([SpeechEncoder((layer,)).encode(audio) for layer in (2, 4)], axis=1))
    assert SpeechEncoder((2, 4)).encode(audio[:0]).shape == (0, 2 * NUM_FEATURES)

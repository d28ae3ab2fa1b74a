"""The speech encoder: the times of its features, and that a moment has the same features in any surroundings."""

import numpy as np
import pytest

from transforms.speakers.speech_encoder import FEATURES_PER_FRAME, NUM_FEATURES, SpeechEncoder


@pytest.fixture(scope="module")
def encoder() -> SpeechEncoder:
    return SpeechEncoder()


def made_speech(num_frames: int, seed: int = 0) -> np.ndarray:
    """Bursts of harmonics: int16 (640 num_frames,)."""
    random, time_s = np.random.default_rng(seed), np.arange(640 * num_frames) / 16000
    loudness = np.interp(time_s, np.arange(0, time_s[-1] + 0.1, 0.1), random.uniform(0, 1, int(time_s[-1] / 0.1) + 2))
    pitch = 120 + 40 * np.sin(2 * np.pi * 0.7 * time_s)
    phase = 2 * np.pi * np.cumsum(pitch) / 16000
    audio = sum(np.sin(k * phase) / k for k in range(1, 12))
    return (3000 * loudness * audio + random.normal(0, 20, len(audio))).astype(np.int16)


@pytest.mark.parametrize("num_frames", [0, 1, 3, 74, 75, 76, 200])
def test_a_frame_has_two_features(encoder, num_frames):
    found = encoder.encode(made_speech(200)[: 640 * num_frames])
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
    audio = made_speech(310)
    chunks = [audio[start : start + chunk_samples] for start in range(0, len(audio), chunk_samples)]
    assert np.array_equal(np.concatenate(list(encoder.encode_stream(chunks))), encoder.encode(audio))


def test_the_same_audio_gives_the_same_bits(encoder):
    audio = made_speech(90)
    assert np.array_equal(encoder.encode(audio), SpeechEncoder().encode(audio))

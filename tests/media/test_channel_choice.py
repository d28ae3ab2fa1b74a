"""Which channels are mixed: by what they hold, with a network that takes one tone for voice."""

import numpy as np
import pytest

from schemas.media import ALL_CHANNELS
from tests.made_streams import RATE_HZ, noise, tone
from tests.shared_data import needs_shared, shared
from transforms.media.audio import decode_audio
from transforms.media.channel_choice import choose_channels
from transforms.media.silero import CHUNK_SAMPLES, SileroVad

NUM = 4 * RATE_HZ
VOICE, MUSIC, SILENCE = tone(NUM, 440), tone(NUM, 1_320), np.zeros(NUM, np.int16)


class FakeVad:
    """Speech is where the tone of VOICE is strong."""

    def speech_chunks(self, samples):
        chunks = samples[: len(samples) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES).astype(float)
        angle = 2 * np.pi * 440 / RATE_HZ * np.arange(CHUNK_SAMPLES)
        return np.abs(chunks @ np.exp(1j * angle)) / CHUNK_SAMPLES > 400


def chosen(*channels, vad=None):
    return choose_channels(np.stack(channels), vad or FakeVad())


def late(samples, delay):
    return np.concatenate([np.zeros(delay, np.int16), samples])[: len(samples)]


def half(samples, first):
    """One half of the samples, silent in the other."""
    return np.where((np.arange(len(samples)) < len(samples) // 2) == first, samples, 0).astype(np.int16)


@pytest.mark.parametrize(
    ("channels", "expected", "reason"),
    [
        ((VOICE, SILENCE), (0,), "the others are silent"),
        ((SILENCE, VOICE), (1,), "the others are silent"),
        ((SILENCE, SILENCE, VOICE, VOICE, *[SILENCE] * 4), (2, 3), "the others are silent"),
        ((VOICE, noise(NUM)), (0,), "the others hold no voice"),
        ((MUSIC, VOICE), (1,), "the others hold no voice"),
        ((MUSIC, noise(NUM), VOICE, SILENCE, MUSIC, noise(NUM, 1)), (2,), "the others hold no voice"),
        ((VOICE, -VOICE), (0,), "the channels cancel each other"),
        ((VOICE // 2, -VOICE), (1,), "the channels cancel each other"),
        ((VOICE + MUSIC, MUSIC - VOICE), (0,), "the voice is lost in the mix"),
    ],
)
def test_channels_that_hold_no_voice_or_take_it_away_are_left_out(channels, expected, reason):
    mix = chosen(*channels)
    assert (mix.channels, mix.reason) == (expected, reason)


@pytest.mark.parametrize(
    "channels",
    [
        (VOICE,),
        (VOICE, VOICE),
        (VOICE, VOICE // 3),
        (VOICE + noise(NUM), VOICE + noise(NUM, 1)),
        (half(VOICE, True), half(VOICE, False)),
        (half(VOICE, True) + half(VOICE, False) // 10, half(VOICE, False) + half(VOICE, True) // 10),
        (VOICE, half(VOICE, True)),
        (SILENCE, SILENCE),
        (noise(NUM), noise(NUM, 1)),
        (VOICE, VOICE, VOICE, SILENCE, VOICE, VOICE),
    ],
)
def test_all_channels_are_mixed_where_all_hold_voice_or_none_does(channels):
    assert chosen(*channels) == ALL_CHANNELS


@pytest.mark.parametrize("delay", [0, 2, 5, 16, 48, 150])
def test_an_inverted_copy_is_noticed_also_where_it_is_late(delay):
    voice = noise(NUM)
    assert chosen(voice, -late(voice, delay)).reason == "the channels cancel each other"


def test_a_late_copy_is_no_inverted_one():
    assert chosen(VOICE, late(VOICE, 80)).reason != "the channels cancel each other"


@needs_shared
def test_the_voice_is_found_beside_noise_that_is_louder():
    path = str(shared("dev/clips/WDA_KatieHill_000.mp4"))
    voice = np.concatenate(list(decode_audio(path, 1, 0, 6 * RATE_HZ)))
    mix = chosen(noise(len(voice), level=9_000), voice, vad=SileroVad())
    assert (mix.channels, mix.reason) == ((1,), "the others hold no voice")

"""Which mono streams hold a voice of their own each, with a network that takes one tone for voice."""

import numpy as np
import pytest

from schemas.media import ChannelMix
from tests.made_streams import RATE_HZ, make_streams, noise
from tests.media.test_audio_choice import probed, voice
from tests.media.test_channel_choice import VOICE, FakeVad, half
from tests.shared_data import needs_shared
from transforms.media.own_voices import own_voices, stream_speech
from transforms.media.silero import SileroVad

FIRST, SECOND = half(VOICE, True), half(VOICE, False)  # two people, one after the other
BOTH, SILENCE, NOTHING = FIRST + SECOND, np.zeros_like(VOICE), np.zeros(0, np.int16)
NOISE = noise(len(VOICE), level=50)


def own(*streams):
    return own_voices({place: stream_speech(one.astype(np.int16), FakeVad()) for place, one in enumerate(streams)})


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ((FIRST, SECOND), (0, 1)),
        ((FIRST + SECOND // 10, SECOND + FIRST // 10), (0, 1)),
        ((FIRST + SECOND // 10, (SECOND + FIRST // 10) // 4), (0, 1)),
        ((FIRST + NOISE, SECOND, SILENCE), (0, 1)),
        ((FIRST, 40 * NOISE, SECOND), (0, 2)),
    ],
)
def test_microphones_of_two_people_are_told_by_who_is_louder_where(streams, expected):
    assert own(*streams) == expected


@pytest.mark.parametrize(
    "streams",
    [
        (BOTH, BOTH),
        (BOTH, BOTH // 4),
        (FIRST, FIRST),
        (FIRST, FIRST // 10),
        (FIRST, 40 * NOISE),
        (FIRST, SILENCE),
        (NOTHING, NOTHING),
        (VOICE,),
        (BOTH, FIRST, SECOND),
    ],
)
def test_streams_that_hold_the_same_or_no_voice_of_their_own_are_not_mixed(streams):
    assert own(*streams) == ()


def test_two_versions_of_the_same_speech_are_not_mixed():
    """As of another language: both speak most of the time, and pause where the other does not."""
    place = np.arange(len(VOICE)) // (RATE_HZ // 4)
    assert own(np.where(place % 3 < 2, VOICE, 0), np.where(place % 3 > 0, VOICE, 0)) == ()


@needs_shared
@pytest.mark.parametrize("bleed_db", [-12, -20, -40])
def test_people_who_take_turns_are_told_from_two_who_speak_at_once(bleed_db):
    names = ("WDA_KatieHill_000", "FAzSK8PLmGI")
    people = [voice(f"dev/clips/{name}.mp4", 8 * RATE_HZ).astype(float) for name in names]
    is_first = np.arange(8 * RATE_HZ) // (2 * RATE_HZ) % 2 == 0
    first, second = people[0] * is_first, people[1] * ~is_first
    bleed, vad = 10 ** (bleed_db / 20), SileroVad()
    streams = (first + bleed * second, 0.3 * (second + bleed * first)), people
    turns, at_once = ({n: stream_speech(one.astype(np.int16), vad) for n, one in enumerate(pair)} for pair in streams)
    assert (own_voices(turns), own_voices(at_once)) == ((0, 1), ())


@needs_shared
def test_two_lapel_microphones_are_mixed_and_told(tmp_path):
    person = voice()
    first, second = np.concatenate([person, person // 20]), np.concatenate([person // 20, person])
    path = make_streams(tmp_path / "a.mkv", audio=[first, second], num_frames=100)
    probe, samples = probed(path, num_samples=len(first))
    assert probe.audio_mix == ChannelMix(reason="streams 1, 2 hold a voice of their own each", other_streams=(2,))
    np.testing.assert_allclose(samples, (first.astype(int) + second) / 2, atol=1)


@needs_shared
def test_streams_of_one_voice_are_not_mixed(tmp_path):
    person = voice()
    probe, _ = probed(make_streams(tmp_path / "a.mkv", audio=[person // 8, person]))
    assert probe.audio_mix.other_streams == ()

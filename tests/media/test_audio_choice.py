"""Which audio stream and channels of a file are used."""

from fractions import Fraction

import av
import numpy as np
import pytest

from schemas.errors import EncryptedMedia
from tests.made_streams import CENC, RATE_HZ, make_streams, noise, scrambled, tone, with_custom_order, with_programmes
from tests.shared_data import needs_shared, shared
from transforms.media.audio import decode_audio, decode_spans
from transforms.media.audio_choice import choose_audio
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.probe import probe_media

NUM = 2 * RATE_HZ
TONE, SILENCE = tone(NUM), np.zeros(NUM, np.int16)


def probed(path, num_samples=NUM, **settings):
    """Probe with the chosen audio, and the decoded samples of two seconds."""
    audio = AudioConfig(**settings)
    probe, timeline = probe_media(str(path), LimitsConfig(), audio)
    probe = choose_audio(str(path), probe, audio, timeline.zero_s, num_samples)
    index = probe.used_audio.index
    blocks = decode_audio(str(path), index, timeline.zero_s, num_samples, probe.audio_mix)
    return probe, np.concatenate(list(blocks))


def voice(name="dev/clips/WDA_KatieHill_000.mp4", num_samples=NUM):
    """Two seconds in which a person speaks, or so many samples."""
    with av.open(str(shared(name))) as container:
        index = container.streams.audio[0].index
    return np.concatenate(list(decode_audio(str(shared(name)), index, Fraction(0), num_samples)))


def test_eight_channels_in_an_order_of_their_own_decode_and_those_with_audio_are_used(tmp_path):
    made = make_streams(tmp_path / "a.mov", audio=[np.stack([*[SILENCE] * 5, TONE, *[SILENCE] * 2])], layouts=["7.1"])
    probe, samples = probed(with_custom_order(made, tmp_path / "b.mov"))
    assert probe.used_audio.num_channels == 8
    assert probe.audio_mix.channels == (5,)
    np.testing.assert_allclose(samples, TONE, atol=2)


@pytest.mark.parametrize(("suffix", "codec", "tolerance"), [("mkv", "pcm_s16le", 2), ("mp4", "aac", 500)])
def test_a_mix_that_cancels_is_not_used(tmp_path, suffix, codec, tolerance):
    path = make_streams(
        tmp_path / f"a.{suffix}", audio=[np.stack([TONE, -TONE])], layouts=["stereo"], audio_codec=codec
    )
    probe, samples = probed(path)
    assert (probe.audio_mix.channels, probe.audio_mix.reason) == ((0,), "the channels cancel each other")
    middle = slice(NUM // 4, NUM * 3 // 4)
    np.testing.assert_allclose(samples[middle], TONE[middle], atol=tolerance)


def test_channels_that_are_alike_are_mixed_as_before(tmp_path):
    probe, samples = probed(make_streams(tmp_path / "a.mkv", audio=[np.stack([TONE, TONE])], layouts=["stereo"]))
    assert probe.audio_mix.channels == ()
    np.testing.assert_allclose(samples, TONE, atol=2)


def test_the_mean_of_some_channels_is_used(tmp_path):
    channels = np.stack([TONE, SILENCE, TONE // 2, SILENCE, SILENCE, SILENCE])
    probe, samples = probed(make_streams(tmp_path / "a.mkv", audio=[channels], layouts=["5.1"]))
    assert probe.audio_mix.channels == (0, 2)
    np.testing.assert_allclose(samples, TONE * 0.75, atol=3)


@needs_shared
@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_several_streams_the_one_with_speech_is_used(tmp_path, place):
    streams = [SILENCE, noise(NUM), SILENCE]
    streams[place] = voice()
    probe, _ = probed(make_streams(tmp_path / "a.mkv", audio=streams, layouts=["mono"] * 3))
    assert probe.audio_index == place
    assert len(probe.audio_streams) == 3


@needs_shared
def test_the_default_stream_is_kept_where_several_hold_speech(tmp_path):
    probe, _ = probed(make_streams(tmp_path / "a.mkv", audio=[voice()] * 2, layouts=["mono"] * 2))
    assert probe.audio_index == 0


@needs_shared
def test_a_stream_that_was_asked_for_is_used_whatever_it_holds(tmp_path):
    path = make_streams(tmp_path / "a.mkv", audio=[SILENCE, voice()], layouts=["mono"] * 2)
    assert probed(path, stream=1)[0].used_audio.index == 1


@needs_shared
def test_only_the_audio_of_the_videos_own_programme_is_used(tmp_path):
    made = make_streams(
        tmp_path / "a.ts", videos=[(160, 96)] * 2, audio=[voice(), tone(NUM)], layouts=["mono"] * 2, audio_codec="mp2"
    )
    path = with_programmes(made, tmp_path / "b.ts", [[(0x100, True), (0x103, False)], [(0x101, True), (0x102, False)]])
    probe, _ = probed(path)
    assert probe.video_streams[0].programmes == probe.used_audio.programmes == (1,)
    assert [one.programmes for one in probe.audio_streams] == [(1,), (2,)]


def test_encrypted_media_is_named_as_such(tmp_path):
    path = make_streams(tmp_path / "a.mp4", audio=[TONE], layouts=["mono"], audio_codec="aac", options=CENC)
    with pytest.raises(EncryptedMedia, match=r"a\.mp4' is encrypted"):
        probed(path)


def test_encrypted_audio_without_video_is_named_as_such(tmp_path):
    path = make_streams(tmp_path / "a.mp4", videos=[], audio=[TONE], layouts=["mono"], audio_codec="aac", options=CENC)
    with pytest.raises(EncryptedMedia):
        list(decode_audio(str(path), 0, Fraction(0), NUM))


@pytest.mark.parametrize("packet_ids", [[0x100, 0x101], [0x100], [0x101]])
def test_scrambled_packets_of_a_transport_stream_are_encrypted(tmp_path, packet_ids):
    made = make_streams(tmp_path / "a.ts", audio=[TONE], layouts=["mono"], audio_codec="mp2", num_frames=100)
    with pytest.raises(EncryptedMedia):
        probed(scrambled(made, tmp_path / "b.ts", packet_ids))


@needs_shared
def test_an_encrypted_stream_beside_a_clear_one_is_not_used(tmp_path):
    made = make_streams(
        tmp_path / "a.ts", audio=[TONE, voice()], layouts=["mono"] * 2, audio_codec="mp2", num_frames=100
    )
    assert probed(scrambled(made, tmp_path / "b.ts", [0x101]))[0].used_audio.index == 2


def test_parts_of_a_stream_are_decoded_where_they_lie(tmp_path):
    ramp = (np.arange(10 * RATE_HZ) // 10).astype(np.int16)
    path = make_streams(tmp_path / "a.mkv", audio=[np.stack([ramp, -ramp])], layouts=["stereo"], num_frames=250)
    spans = [(1_000, 2_000), (80_000, 96_000)]
    for (start, end), part in zip(spans, decode_spans(str(path), 1, Fraction(0), spans, 2), strict=True):
        np.testing.assert_array_equal(part, [ramp[start:end], -ramp[start:end]])


@needs_shared
@pytest.mark.parametrize(
    ("name", "stream", "channels"),
    [("k01_eight_channels", 1, (0, 1)), ("k07_out_of_phase", 1, (0,)), ("k22", 2, ()), ("k25_av1", 1, ())],
)
def test_streams_and_channels_of_real_footage(name, stream, channels):
    probe, samples = probed(next(shared("hard/footage").glob(f"{name}*")))
    assert (probe.used_audio.index, probe.audio_mix.channels) == (stream, channels)
    assert samples.std() > 1_000


@needs_shared
def test_the_codec_and_its_decoder_are_named():
    probe, _ = probed(shared("hard/footage/k25_av1.mp4"))
    assert (probe.video.codec, probe.video.decoder) == ("av1", "libdav1d")


@needs_shared
def test_encrypted_footage_is_named_as_such():
    with pytest.raises(EncryptedMedia):
        probed(shared("hard/footage/k23_encrypted.mp4"))

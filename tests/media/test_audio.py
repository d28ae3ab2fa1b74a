from fractions import Fraction

import numpy as np
import pytest

from tests.made_media import MadeAudio, click_times_s, damage_packets, make_plain_video
from tests.shared_data import needs_shared, shared
from transforms.media.audio import decode_audio, read_audio_span, write_flac
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.probe import probe_media

CLICKS = (0.5, 1.25, 2.5)


def decoded(path, num_samples=48_000):
    probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
    blocks = list(decode_audio(str(path), probe.audio_streams[probe.audio_index].index, timeline.zero_s, num_samples))
    assert all(block.dtype == np.int16 and block.ndim == 1 for block in blocks)
    return np.concatenate(blocks)


STREAMS = [
    ("mp4", "aac", "stereo", 44_100),
    ("mp4", "aac", "5.1", 48_000),
    ("mkv", "pcm_s16le", "mono", 8_000),
    ("mkv", "libmp3lame", "stereo", 44_100),
    ("mkv", "libopus", "mono", 48_000),
    ("mkv", "ac3", "5.1", 48_000),
    ("mp4", "aac", "mono", 22_050),
    ("avi", "pcm_s16le", "mono", 16_000),
]


@pytest.mark.parametrize(("suffix", "codec", "layout", "rate_hz"), STREAMS)
def test_clicks_are_decoded_when_they_were_made(tmp_path, suffix, codec, layout, rate_hz):
    audio = MadeAudio(clicks_s=CLICKS, codec=codec, layout=layout, rate_hz=rate_hz)
    samples = decoded(make_plain_video(tmp_path / f"a.{suffix}", audio_streams=[audio]))
    assert len(samples) == 48_000
    assert click_times_s(samples) == pytest.approx(CLICKS, abs=0.001)


@pytest.mark.parametrize(("suffix", "codec"), [("mkv", "pcm_s16le"), ("mp4", "aac")])
def test_a_late_stream_begins_with_zeros_and_keeps_its_place(tmp_path, suffix, codec):
    audio = MadeAudio(clicks_s=CLICKS, start_s=0.32, codec=codec)
    samples = decoded(make_plain_video(tmp_path / f"a.{suffix}", audio_streams=[audio]))
    assert not samples[:4_700].any() and samples[5_200:6_000].any()
    assert click_times_s(samples) == pytest.approx(CLICKS, abs=0.001)


def test_an_early_stream_is_cropped(tmp_path):
    path = make_plain_video(tmp_path / "a.mkv", audio_streams=[MadeAudio(clicks_s=CLICKS)])
    blocks = decode_audio(str(path), 1, Fraction(1, 4), 16_000)
    assert click_times_s(np.concatenate(list(blocks))) == pytest.approx([0.25], abs=0.001)


def test_the_end_is_filled_with_zeros(tmp_path):
    samples = decoded(make_plain_video(tmp_path / "a.mkv", audio_streams=[MadeAudio(clicks_s=(0.5,), length_s=1.0)]))
    assert len(samples) == 48_000
    assert samples[15_000:15_900].any() and not samples[16_100:].any()


def test_blocks_are_small(tmp_path):
    path = make_plain_video(tmp_path / "a.mkv", audio_streams=[MadeAudio(clicks_s=CLICKS, length_s=20.0)])
    assert max(len(block) for block in decode_audio(str(path), 1, Fraction(0), 16_000 * 60)) <= 16_000


def test_damaged_packets_are_zeros_and_move_nothing(tmp_path):
    audio = MadeAudio(clicks_s=CLICKS, codec="flac")
    path = make_plain_video(tmp_path / "a.mkv", audio_streams=[audio])
    broken = damage_packets(path, range(7, 11), tmp_path / "b.mkv", kind="audio")
    samples = decoded(broken)
    assert click_times_s(samples) == pytest.approx(CLICKS, abs=0.001)
    assert not samples[11_000:16_000].any() and decoded(path)[11_000:16_000].any()


def test_a_long_stream_does_not_drift(tmp_path):
    clicks = (10.0, 60.0, 119.0)
    audio = MadeAudio(clicks_s=clicks, length_s=120.0, rate_hz=44_100, codec="libmp3lame")
    samples = decoded(make_plain_video(tmp_path / "a.mkv", 3, audio_streams=[audio]), 16_000 * 120)
    assert click_times_s(samples) == pytest.approx(clicks, abs=0.001)


def test_a_span_is_read_back_with_zeros_beyond_the_ends(tmp_path):
    samples = np.arange(1, 5001, dtype=np.int16)
    path = str(tmp_path / "a.flac")
    assert write_flac(path, [samples[:2000], samples[2000:]]) == 5000
    assert np.array_equal(read_audio_span(path, 1000, 3000), samples[1000:3000])
    assert np.array_equal(read_audio_span(path, -3, 2), [0, 0, 0, 1, 2])
    assert np.array_equal(read_audio_span(path, 4999, 5002), [5000, 0, 0])
    assert not read_audio_span(path, 6000, 6010).any()


@needs_shared
@pytest.mark.parametrize(("name", "frames"), [("ts_late_8f", 8), ("sound_late_12f", 12), ("sound_early_3f", -3)])
def test_lateness_in_times_and_in_samples_is_placed_alike(name, frames):
    true = decoded(shared("dev/grid_other/lbax4n.mpg"), 60_000).astype(float)
    moved = decoded(shared(f"hard/known_offset/lbax4n_{name}.mkv"), 60_000).astype(float)
    size = 1 << 17
    correlation = np.fft.irfft(np.fft.rfft(moved, size) * np.conj(np.fft.rfft(true, size)))
    lag = int(correlation.argmax())
    assert (lag - size if lag > size // 2 else lag) == frames * 640

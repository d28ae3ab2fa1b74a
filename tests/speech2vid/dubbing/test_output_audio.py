"""The new audio in a dubbed video: in place by its own times, and as long as the video."""

from fractions import Fraction

import numpy as np
import pytest

from speech2vid.dubbing.output_audio import OutputAudio
from speech2vid.generation.driving_audio import open_audio
from tests.made_media import MadeAudio, click_times_s, make_video


def samples_of(path, length_s, rates=(), sample_format="s16"):
    audio = OutputAudio(open_audio(str(path)), rates, sample_format)
    frames = list(audio.frames(Fraction(length_s)))
    assert {frame.sample_rate for frame in frames} == {audio.rate_hz}
    joined = np.concatenate([frame.to_ndarray().reshape(frame.samples, -1)[:, 0] for frame in frames])
    return audio, joined


@pytest.fixture
def clicks(tmp_path):
    """A file whose audio begins at 0.4 s, with clicks 0.5 and 1.5 s after its begin."""
    made = MadeAudio(clicks_s=[0.9, 1.9], length_s=2.0, start_s=0.4)
    return make_video(tmp_path / "clicks.mkv", [], audio_streams=[made])


@pytest.mark.parametrize("length_s", ["1.25", "2", "4"])
def test_it_is_as_long_as_the_video_and_begins_with_its_first_sample(clicks, length_s):
    audio, samples = samples_of(clicks, length_s)
    assert len(samples) == round(Fraction(length_s) * audio.rate_hz)
    expected = [time for time in (0.5, 1.5) if time < float(Fraction(length_s))]
    assert click_times_s(samples, audio.rate_hz) == pytest.approx(expected, abs=0.001)


def test_after_its_end_there_is_silence(clicks):
    _, samples = samples_of(clicks, "4")
    assert not samples[2 * 48_000 + 100 :].any()


def test_a_rate_that_the_encoder_takes_is_kept_and_another_is_converted(clicks):
    assert samples_of(clicks, "1", rates=(44_100, 48_000))[0].rate_hz == 48_000
    audio, samples = samples_of(clicks, "2", rates=(48_000,))
    assert audio.rate_hz == 48_000
    made = MadeAudio(clicks_s=[0.5], length_s=1.0, rate_hz=22_000)
    other = make_video(clicks.with_name("other.mkv"), [], audio_streams=[made])
    audio, samples = samples_of(other, "1", rates=(44_100, 48_000))
    assert audio.rate_hz == 48_000
    assert click_times_s(samples, 48_000) == pytest.approx([0.5], abs=0.001)


@pytest.mark.parametrize(("layout", "expected"), [("mono", "mono"), ("stereo", "stereo"), ("5.1", "stereo")])
def test_it_is_mono_or_stereo(tmp_path, layout, expected):
    made = MadeAudio(clicks_s=[0.5], length_s=1.0, layout=layout)
    path = make_video(tmp_path / "audio.mkv", [], audio_streams=[made])
    assert samples_of(path, "1")[0].layout == expected

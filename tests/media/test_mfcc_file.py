"""The MFCC of a media file are the literal preset on its audio."""

from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile
from python_speech_features import mfcc as reference_syncnet

from schemas.errors import LimitExceeded, MissingStream, NoDecoder, UnreadableSource, UsageError
from tests.made_media import MadeAudio, make_video, steady_times, with_unknown_codec
from tests.shared_data import needs_shared, shared
from transforms.media.mfcc import PRESETS, mfcc
from transforms.media.mfcc_file import mfcc_of_file


@pytest.fixture
def voice() -> np.ndarray:
    return np.random.default_rng(5).normal(0, 2000, 37_123).astype(np.int16)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_an_audio_file_gives_the_columns_of_its_samples(tmp_path, voice, preset, ending):
    path = tmp_path / f"voice.{ending}"
    soundfile.write(path, voice, 16_000, subtype="PCM_16")
    np.testing.assert_allclose(mfcc_of_file(str(path), preset), mfcc(voice, preset), atol=1e-4)


@needs_shared
def test_a_real_clip_gives_the_columns_of_its_decoded_audio():
    path = str(shared("dev/grid_other/lbax4n.mpg"))
    with av.open(path) as container:
        first_image_s = next(container.decode(video=0)).time
    with av.open(path) as container:
        frames = list(container.decode(audio=0))
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    late_s = frames[0].time - first_image_s
    samples = np.concatenate(
        [block.to_ndarray()[0] for frame in [*frames, None] for block in resampler.resample(frame)]
    )
    shift = round(late_s * 16_000)
    samples = np.pad(samples, (max(0, shift), 0))[max(0, -shift) :]
    columns, expected = mfcc_of_file(path, "syncnet"), reference_syncnet(samples, 16_000).T
    assert abs(columns.shape[1] - expected.shape[1]) <= 1
    num_columns = min(columns.shape[1], expected.shape[1]) - 2  # the resampler's last samples depend on the flush
    np.testing.assert_allclose(columns[:, :num_columns], expected[:, :num_columns], atol=1e-3)


@needs_shared
def test_a_video_without_audio_says_so():
    silent = next(path for path in sorted(shared("hard/no_speech").iterdir()) if not has_audio(path))
    with pytest.raises(MissingStream, match="has no audio"):
        mfcc_of_file(str(silent), "syncnet")


def has_audio(path) -> bool:
    with av.open(str(path)) as container:
        return len(container.streams.audio) > 0


def test_audio_that_no_decoder_knows_is_no_silence(tmp_path):
    whole = make_video(tmp_path / "a.mkv", steady_times(25, Fraction(25)), audio_streams=[MadeAudio(clicks_s=[0.5])])
    path = with_unknown_codec(whole, tmp_path / "b.mkv", b"A_PCM/INT/LIT")
    with pytest.raises(NoDecoder, match=r"b\.mkv' has a stream 1 \(audio\)"):
        mfcc_of_file(str(path), "syncnet")


def with_jump(path, hours):
    """Two seconds of audio, and two more after the clock has jumped."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("flac", rate=16_000, layout="mono")
        for number in range(4):
            samples = np.random.default_rng(number).normal(0, 2000, (1, 16_000)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
            frame.pts = 16_000 * (number + (number // 2) * 3600 * hours)
            for packet in stream.encode(frame):
                file.mux(packet)
        file.mux(stream.encode(None))
    return str(path)


@pytest.mark.parametrize("preset", PRESETS)
def test_hours_in_which_the_clock_jumps_are_columns_of_silence(tmp_path, preset):
    columns = mfcc_of_file(with_jump(tmp_path / "a.mka", 2), preset)
    silence = mfcc(np.zeros(16_000, np.int16), preset)[:, :1]
    assert abs(columns.shape[1] - (2 * 360_000 + 400)) <= 2
    np.testing.assert_array_equal(columns[:, 300:-300], np.repeat(silence, columns.shape[1] - 600, axis=1))
    assert np.ptp(columns[:, -200:]) > 1


def test_a_clock_that_jumps_by_days_is_named(tmp_path):
    with pytest.raises(LimitExceeded, match=r"a\.mka' has times that are 60\.0 h apart"):
        mfcc_of_file(with_jump(tmp_path / "a.mka", 60), "syncnet")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadableSource, match=r"nowhere\.wav"):
        mfcc_of_file(str(tmp_path / "nowhere.wav"), "syncnet")


def test_an_unknown_preset_is_refused_before_the_file_is_read(tmp_path):
    with pytest.raises(UsageError, match="speech2vid or syncnet"):
        mfcc_of_file(str(tmp_path / "nowhere.wav"), "lpc")

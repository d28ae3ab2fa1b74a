"""MFCC: each preset against a second derivation, in blocks against the whole signal."""

import math

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_speech_features import mfcc as reference_syncnet

from schemas.errors import UsageError
from tests.shared_data import needs_shared, shared
from transforms.media.mfcc import PRESETS, MfccStream, clip_mfcc, exact_triangles, log_mel, mfcc


def speech_like(num_samples: int, seed: int = 0) -> np.ndarray:
    """int16 (n,): a gliding harmonic voice that comes and goes, over noise."""
    generator = np.random.default_rng(seed)
    time_s = np.arange(num_samples) / 16_000
    phase = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * 0.7 * time_s)) / 16_000
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 25))
    loudness = 3000 * np.clip(np.sin(2 * np.pi * 2.3 * time_s), 0, None)
    return (voice * loudness + generator.normal(0, 30, num_samples)).clip(-32768, 32767).astype(np.int16)


def literal_speech2vid(samples: np.ndarray) -> np.ndarray:
    """The settings of Chung, Jamaludin, Zisserman 2017, with loops and the Fourier sum written out."""
    values = [float(value) for value in samples]
    emphasised = [values[0]] + [values[i] - 0.97 * values[i - 1] for i in range(1, len(values))]
    hamming = [0.54 - 0.46 * math.cos(2 * math.pi * i / 399) for i in range(400)]
    fourier = np.exp(-2j * np.pi * np.outer(np.arange(257), np.arange(400)) / 512)
    low, high = (1127 * math.log(1 + hz / 700) for hz in (300, 3700))
    corners = [700 * (math.exp((low + i * (high - low) / 41) / 1127) - 1) for i in range(42)]
    columns = []
    for start in range(0, len(samples) - 400 + 1, 160):
        magnitude = abs(fourier @ [emphasised[start + i] * hamming[i] for i in range(400)])
        logs = []
        for left, peak, right in zip(corners[:-2], corners[1:-1], corners[2:], strict=True):
            energy = 0.0
            for k in range(257):
                hz = k * 16_000 / 512
                if left <= hz <= peak:
                    energy += magnitude[k] * (hz - left) / (peak - left)
                elif peak < hz <= right:
                    energy += magnitude[k] * (right - hz) / (right - peak)
            logs.append(math.log(energy))
        columns.append(
            [
                (1 + 11 * math.sin(math.pi * k / 22))
                * math.sqrt(2 / 40)
                * sum(logs[m - 1] * math.cos(math.pi * k * (m - 0.5) / 40) for m in range(1, 41))
                for k in range(13)
            ]
        )
    return np.array(columns).T


def grid_samples() -> np.ndarray:
    with av.open(str(shared("dev/grid_other/lbax4n.mpg"))) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        return np.concatenate(
            [block.to_ndarray()[0] for frame in container.decode(audio=0) for block in resampler.resample(frame)]
        )


def test_speech2vid_is_its_definition_derived_a_second_time():
    samples = speech_like(8_123)
    np.testing.assert_allclose(mfcc(samples, "speech2vid"), literal_speech2vid(samples), atol=1e-3)


@needs_shared
def test_speech2vid_is_its_definition_on_a_real_voice():
    samples = grid_samples()[8_000:20_000]
    np.testing.assert_allclose(mfcc(samples, "speech2vid"), literal_speech2vid(samples), atol=1e-3)


@pytest.mark.parametrize("num_samples", [1, 399, 400, 401, 560, 561, 16_000, 16_077])
def test_syncnet_is_python_speech_features(num_samples):
    samples = speech_like(num_samples)
    np.testing.assert_allclose(mfcc(samples, "syncnet"), reference_syncnet(samples, 16_000).T, atol=1e-3)


@needs_shared
def test_syncnet_is_python_speech_features_on_a_real_voice():
    samples = grid_samples()
    assert len(samples) > 40_000
    np.testing.assert_allclose(mfcc(samples, "syncnet"), reference_syncnet(samples, 16_000).T, atol=1e-3)


def test_syncnet_is_python_speech_features_on_digital_silence():
    silence = np.zeros(4_000, np.int16)
    np.testing.assert_allclose(mfcc(silence, "syncnet"), reference_syncnet(silence, 16_000).T, atol=1e-3)


@pytest.mark.parametrize("preset", PRESETS)
def test_digital_silence_is_finite(preset):
    assert np.isfinite(mfcc(np.zeros(4_000, np.int16), preset)).all()


def test_the_floor_moves_no_value_of_the_faintest_audio():
    faint = speech_like(4_000) / 32768
    loud, quiet = mfcc(faint, "speech2vid"), mfcc(faint * 1e-30, "speech2vid")
    np.testing.assert_allclose(quiet[1:], loud[1:], atol=1e-3)


@pytest.mark.parametrize(
    ("preset", "num_samples", "num_columns"),
    [
        ("speech2vid", 0, 0),
        ("speech2vid", 399, 0),
        ("speech2vid", 400, 1),
        ("speech2vid", 719, 2),
        ("speech2vid", 720, 3),
        ("syncnet", 0, 0),
        ("syncnet", 1, 1),
        ("syncnet", 400, 1),
        ("syncnet", 401, 2),
        ("syncnet", 720, 3),
    ],
)
def test_only_syncnet_pads_the_last_partial_window(preset, num_samples, num_columns):
    assert mfcc(speech_like(num_samples), preset).shape == (13, num_columns)


@settings(max_examples=40, deadline=None)
@given(preset=st.sampled_from(PRESETS), sizes=st.lists(st.integers(0, 1_500), max_size=12), seed=st.integers(0, 9))
def test_blocks_give_the_columns_of_the_whole_signal(preset, sizes, seed):
    samples = speech_like(sum(sizes), seed)
    stream = MfccStream(preset)
    blocks = [stream.push(block) for block in np.split(samples, np.cumsum(sizes))]
    whole = mfcc(samples, preset)
    np.testing.assert_allclose(np.concatenate([*blocks, stream.close()], axis=1), whole, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_signal_longer_than_one_block_is_seamless(preset):
    samples = speech_like(4096 * 160 + 12_345)
    middle = 4096 - 50
    from_there = mfcc(samples[middle * 160 :], preset)[:, 1:]  # its first column lacks the sample before
    np.testing.assert_allclose(mfcc(samples, preset)[:, middle + 1 :], from_there, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("preset", PRESETS)
def test_float_and_int16_samples_agree(preset):
    samples = speech_like(8_000)
    for dtype in (np.float32, np.float64):
        np.testing.assert_allclose(mfcc((samples / 32768).astype(dtype), preset), mfcc(samples, preset), atol=1e-4)


@pytest.mark.parametrize("num_frames", [1, 25, 60])
def test_a_clip_has_four_columns_a_frame(num_frames):
    samples = speech_like(640 * num_frames)
    columns = clip_mfcc(samples)
    assert columns.shape == (13, 4 * num_frames) and columns.dtype == np.float32
    with_zeros = np.concatenate([samples, np.zeros(240, np.int16)])
    np.testing.assert_array_equal(columns, mfcc(with_zeros, "speech2vid"))


def test_a_clip_of_broken_frames_is_refused():
    with pytest.raises(ValueError, match="640"):
        clip_mfcc(np.zeros(641, np.int16))


def test_samples_of_an_unknown_scale_are_refused():
    with pytest.raises(TypeError, match="int32"):
        mfcc(np.zeros(800, np.int32), "syncnet")


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(UsageError, match="speech2vid or syncnet"):
        MfccStream("lpc")


def test_log_mel_columns_are_centred_on_their_ten_milliseconds():
    for column in (0, 7, 99):
        samples = np.zeros(16_000, np.int16)
        samples[160 * column + 80] = 30_000
        energies = log_mel(samples).sum(axis=0)
        assert energies.shape == (100,) and energies.argmax() == column


def test_log_mel_puts_a_tone_into_the_band_of_its_frequency():
    tone = (10_000 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)).astype(np.int16)
    bands = log_mel(tone)
    assert bands.shape == (40, 100) and bands.dtype == np.float32
    assert bands[:, 50].argmax() == exact_triangles(40, 80.0, 7600.0)[:, 32].argmax()  # bin 32 is 1000 Hz


def test_log_mel_of_a_long_signal_is_seamless():
    samples = speech_like(4100 * 160)
    np.testing.assert_allclose(log_mel(samples)[:, 4090:4099], log_mel(samples[4080 * 160 :])[:, 10:19], atol=1e-4)


def test_log_mel_of_digital_silence_is_zero():
    assert (log_mel(np.zeros(1_600, np.int16)) == 0).all()

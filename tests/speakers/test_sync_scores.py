import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.speakers.sync_scores import (
    drift_frames_per_minute,
    measure,
    measure_segments,
    peak_lags,
    similarity,
    sync_curve,
)


def unit_vectors(num_frames: int, seed: int = 0, smoothness: int = 1) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(num_frames + smoothness - 1, 16))
    values = np.stack([np.convolve(column, np.ones(smoothness), "valid") for column in values.T], 1)
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


@given(lag=st.integers(-12, 12), num_frames=st.integers(30, 120))
def test_audio_late_by_k_frames_has_lag_plus_k(lag, num_frames):
    events = unit_vectors(num_frames + 40)
    face, audio = events[20 : 20 + num_frames], events[20 - lag : 20 - lag + num_frames]
    assert measure(sync_curve(similarity(face, audio))).lag_frames == pytest.approx(lag, abs=0.5)


def test_a_lag_between_frames_is_found_between_frames():
    events = unit_vectors(4 * 200, smoothness=24)
    face, audio = events[40::4], events[41::4]  # the audio is a quarter frame early
    assert measure(sync_curve(similarity(face[:180], audio[:180]))).lag_frames == pytest.approx(-0.25, abs=0.1)


def test_audio_that_begins_before_the_face_is_placed_by_its_start_frame():
    events = unit_vectors(150)
    curve = sync_curve(similarity(events[25:100], events, audio_start_frame=-25))
    assert measure(curve).lag_frames == pytest.approx(0, abs=0.1)


def test_where_there_is_no_audio_there_is_no_similarity():
    values = similarity(unit_vectors(40), unit_vectors(40))
    assert np.isnan(values[0, :15]).all() and np.isfinite(values[0, 15:]).all()
    assert np.isnan(values[-1, 16:]).all() and np.isfinite(values[-1, :16]).all()


def test_audio_without_speech_does_not_count():
    face, audio = unit_vectors(80), unit_vectors(80)
    speech = np.arange(80) < 40
    values = similarity(face, audio, speech=speech)
    assert np.isnan(values[45, 15]) and np.isfinite(values[45, 5])


def test_confidence_of_a_right_pair_does_not_depend_on_its_length():
    face, audio = unit_vectors(1000, smoothness=3), unit_vectors(1000, smoothness=3)
    found = [measure(sync_curve(similarity(face[:n], audio[:n]))).confidence for n in (50, 250, 1000)]
    assert np.ptp(found) < 0.1


def test_the_curve_is_the_mean_over_the_mask_only():
    values = similarity(unit_vectors(60), unit_vectors(60, seed=1))
    mask = np.arange(60) % 3 == 0
    np.testing.assert_allclose(sync_curve(values, mask)[15], values[mask, 15].mean(), rtol=1e-5)


def test_a_shift_that_few_frames_reach_is_left_out():
    curve = sync_curve(similarity(unit_vectors(18), unit_vectors(18)))
    assert np.isnan(curve[0]) and np.isfinite(curve[15])


def test_a_curve_over_an_empty_mask_cannot_be_measured():
    curve = sync_curve(similarity(unit_vectors(40), unit_vectors(40)), np.zeros(40, bool))
    with pytest.raises(ValueError, match="at least one value"):
        measure(curve)


def test_confidence_is_peak_less_median_and_margin_is_peak_less_the_best_value_far_away():
    curve = np.full(31, 0.1, np.float32)
    curve[[18, 19, 20, 25]] = 0.5, 0.9, 0.5, 0.6
    found = measure(curve)
    assert found.lag_frames == 4
    assert (found.confidence, found.margin) == (pytest.approx(0.8), pytest.approx(0.3))


def test_a_peak_at_the_curves_end_has_no_parabola():
    assert measure(np.linspace(0, 1, 31, dtype=np.float32)).lag_frames == 15


def test_lags_of_many_curves_are_those_of_each():
    curves = np.random.default_rng(0).normal(size=(200, 31)).astype(np.float32)
    curves[np.random.default_rng(1).random(curves.shape) < 0.2] = np.nan
    assert peak_lags(curves).tolist() == [measure(curve).lag_frames for curve in curves]
    assert (peak_lags(curves) % 1 != 0).mean() > 0.4


def test_next_to_an_unknown_shift_there_is_no_parabola():
    curve = np.array([[np.nan] * 14 + [0.1, np.nan, 0.9, 0.5] + [0.1] * 13])
    assert peak_lags(curve).tolist() == [1.0]


def test_drift_is_the_slope_of_the_lags_per_minute_in_spite_of_one_outlier():
    frames = np.arange(10) * 150
    lags = frames / 1500 * 2.5
    lags[4] = -14
    assert drift_frames_per_minute(frames, lags) == pytest.approx(2.5)


def test_two_lags_give_no_drift():
    assert drift_frames_per_minute(np.array([0, 1500]), np.array([0.0, 3.0])) is None


def test_audio_that_drifts_has_a_lag_for_each_segment():
    events = unit_vectors(420)
    face = events[10:310]
    audio = np.concatenate([events[10:160], events[157:307]])  # three frames later in its second half
    segments = measure_segments(similarity(face, audio), np.ones(300, bool), 100)
    assert [middle for middle, _ in segments] == [49.5, 149.5, 249.5]
    assert segments[0][1].lag_frames == pytest.approx(0, abs=0.2)
    assert segments[2][1].lag_frames == pytest.approx(3, abs=0.2)


def test_a_segment_with_little_speech_has_no_lag():
    mask = np.arange(200) < 120
    values = similarity(unit_vectors(200), unit_vectors(200))
    assert [middle for middle, _ in measure_segments(values, mask, 100)] == [49.5]

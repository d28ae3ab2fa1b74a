import numpy as np
import pytest

from transforms.speakers import drift
from transforms.speakers.drift import SEGMENT_FRAMES, SegmentLag, fit_drift, segment_lags
from transforms.speakers.sync_scores import NUM_SHIFTS, SHIFTS

ONE_PER_MILLE = 1.5  # frames a minute


def made_scores(num_frames, drift_frames_per_minute, seed=0, noise=0.25):
    """Similarities with a peak at a lag that drifts, and noise that is correlated over neighbouring frames."""
    rng = np.random.default_rng(seed)
    lags = 1.0 + drift_frames_per_minute * np.arange(num_frames) / 1500
    noises = rng.normal(size=(num_frames + 8, NUM_SHIFTS))
    correlated = np.stack([np.convolve(column, np.ones(9) / 3, "valid") for column in noises.T], 1)
    return (0.6 * np.exp(-(((SHIFTS - lags[:, None]) / 1.5) ** 2)) + noise * correlated).astype(np.float32)


def drift_of(scores):
    return fit_drift(segment_lags(scores, 1.0, 0))


def segments(lags, apart=150, error=0.2):
    return [
        SegmentLag(middle_frame=apart * place, lag_frames=lag, lag_se_frames=error) for place, lag in enumerate(lags)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_drift_of_a_thousandth_is_found_within_two_standard_errors(seed):
    found = drift_of(made_scores(2 * 1500, ONE_PER_MILLE, seed))
    assert abs(found.frames_per_minute - ONE_PER_MILLE) <= 2 * found.se_frames_per_minute
    assert found.frames_per_minute > 2 * found.se_frames_per_minute  # and is distinguished from none


@pytest.mark.parametrize("seed", range(4))
def test_audio_without_drift_has_none_within_two_standard_errors(seed):
    found = drift_of(made_scores(2 * 1500, 0.0, seed))
    assert abs(found.frames_per_minute) <= 2 * found.se_frames_per_minute < 1.0


def test_the_standard_error_matches_the_scatter_of_the_drift():
    found = [drift_of(made_scores(750, 0.0, seed)) for seed in range(20)]
    off = np.array([one.frames_per_minute / one.se_frames_per_minute for one in found])
    assert 0.3 < off.std() < 1.3


def test_one_outlier_is_left_out():
    lags = [0.2 * place for place in range(10)]
    lags[7] = -14.0
    assert fit_drift(segments(lags)).frames_per_minute == pytest.approx(2.0, abs=0.01)


def test_lags_that_scatter_more_than_their_errors_widen_the_standard_error():
    calm = fit_drift(segments([0.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    restless = fit_drift(segments([0.5, -0.5, 0.5, -0.5, 0.5, -0.5]))
    assert restless.se_frames_per_minute > 2 * calm.se_frames_per_minute


def test_a_lag_with_a_smaller_error_counts_for_more():
    lags = segments([0.0, 0.0, 0.0, 0.5])
    sure = [*lags[:3], SegmentLag(middle_frame=450, lag_frames=0.5, lag_se_frames=0.1)]
    unsure = [*lags[:3], SegmentLag(middle_frame=450, lag_frames=0.5, lag_se_frames=2.0)]
    assert fit_drift(sure).frames_per_minute > 2 * fit_drift(unsure).frames_per_minute


@pytest.mark.parametrize("few", [segments([]), segments([0.0, 1.0]), segments([0.0, 0.1, 0.2], apart=80)])
def test_too_few_or_too_near_segments_give_no_drift(few):
    assert fit_drift(few) is None


def test_segments_lie_on_the_timeline():
    found = segment_lags(made_scores(160, 0.0), 1.0, 1000)
    assert [one.middle_frame for one in found] == [1000 + 37, 1000 + SEGMENT_FRAMES + 37]
    assert all(abs(one.lag_frames - 1) < 1 and 0 < one.lag_se_frames < 2 for one in found)


def test_a_segment_with_little_speech_is_left_out():
    scores = made_scores(150, 0.0)
    scores[:50] = np.nan
    assert [one.middle_frame for one in segment_lags(scores, 1.0, 0)] == [SEGMENT_FRAMES + 37]


def test_the_segments_of_a_long_chain_are_not_compared_each_with_each(monkeypatch):
    compared, slope_of = [], drift.drift_frames_per_minute
    monkeypatch.setattr(
        drift, "drift_frames_per_minute", lambda *lags: (compared.append(len(lags[0])), slope_of(*lags))[1]
    )
    long = segments([0.001 * place if place % 7 else -9.0 for place in range(20_000)], apart=75)
    assert fit_drift(long).frames_per_minute == pytest.approx(0.02, rel=1e-6)
    assert max(compared) <= 1000

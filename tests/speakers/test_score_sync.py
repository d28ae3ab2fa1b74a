"""The sync result of similarities: lag, standard error and probability."""

import numpy as np
import pytest

from transforms.speakers.score_sync import Calibration, lag_standard_error, score_sync

CALIBRATION = Calibration(weights=(10.0, 2.0, 0.0, -1.0, 1.0, 0.0, 0.0), offset=-4.0)


def made_scores(num_frames: int, lag: int = 4, height: float = 0.5, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    scores = np.random.default_rng(seed).normal(0, noise, (num_frames, 31))
    for away, share in ((0, 1.0), (-1, 0.6), (1, 0.6)):
        scores[:, 15 + lag + away] += height * share
    return scores.astype(np.float32)


def test_more_frames_make_the_lag_more_certain_and_its_error_has_the_stated_size():
    short, long = ([score_sync(made_scores(length, seed=seed), None) for seed in range(30)] for length in (40, 400))
    errors = [np.std([found.lag_frames for found in group]) for group in (short, long)]
    stated = [np.median([found.lag_se_frames for found in group]) for group in (short, long)]
    assert stated[1] < stated[0] and errors[1] < errors[0]
    assert 0.4 < stated[1] / errors[1] < 2.5


def test_a_higher_peak_and_more_speech_are_more_probable():
    weak, strong, longer = (
        score_sync(made_scores(length, height=height), CALIBRATION).probability
        for length, height in ((75, 0.05), (75, 0.5), (250, 0.5))
    )
    assert 0 <= weak < strong < longer <= 1


def test_without_calibration_there_is_no_probability_and_without_audio_no_result():
    assert score_sync(made_scores(50), None).probability is None
    assert score_sync(np.full((50, 31), np.nan, np.float32), CALIBRATION) is None


def test_the_error_of_a_single_block_is_that_of_a_random_lag():
    assert lag_standard_error(made_scores(8)) == pytest.approx(30 / 12**0.5)


def test_a_calibration_survives_its_text_and_one_of_another_length_is_refused():
    assert Calibration.from_json(CALIBRATION.to_json()) == CALIBRATION
    with pytest.raises(ValueError, match="7 weights"):
        Calibration.from_json('{"weights": [1.0], "offset": 0.0}')


def test_audio_that_ends_with_the_face_is_compared_at_fewer_frames():
    scores = made_scores(50)
    position = np.arange(50)[:, None] + np.arange(-15, 16)
    cut = np.where((position >= 0) & (position < 50), scores, np.nan).astype(np.float32)
    assert score_sync(scores, None).coverage == 1
    assert score_sync(cut, None).coverage == pytest.approx(1 - np.abs(np.arange(-15, 16)).mean() / 50)

"""What a curve is worth."""

import numpy as np
import pytest

from transforms.speakers.sync_result import Calibration, lag_standard_error, weigh

CALIBRATION = Calibration(weights=(10.0, 2.0, 0.0, -1.0, 1.0, 0.0), offset=-4.0)


def made_scores(num_frames: int, lag: int = 4, height: float = 0.5, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    scores = np.random.default_rng(seed).normal(0, noise, (num_frames, 31))
    for away, share in ((0, 1.0), (-1, 0.6), (1, 0.6)):
        scores[:, 15 + lag + away] += height * share
    return scores.astype(np.float32)


def test_more_frames_make_the_lag_surer_and_its_error_is_of_the_stated_size():
    short, long = ([weigh(made_scores(length, seed=seed), None) for seed in range(30)] for length in (40, 400))
    errors = [np.std([found.measured.lag_frames for found in group]) for group in (short, long)]
    stated = [np.median([found.lag_se_frames for found in group]) for group in (short, long)]
    assert stated[1] < stated[0] and errors[1] < errors[0]
    assert 0.4 < stated[1] / errors[1] < 2.5


def test_a_better_fit_and_more_speech_are_likelier_to_be_right():
    weak, strong, longer = (
        weigh(made_scores(length, height=height), CALIBRATION).sync_probability
        for length, height in ((75, 0.05), (75, 0.5), (250, 0.5))
    )
    assert 0 <= weak < strong < longer <= 1


def test_without_calibration_there_is_no_probability_and_without_audio_no_evidence():
    assert weigh(made_scores(50), None).sync_probability is None
    assert weigh(np.full((50, 31), np.nan, np.float32), CALIBRATION) is None


def test_one_block_alone_says_nothing_about_its_error():
    assert lag_standard_error(made_scores(8)) == pytest.approx(30 / 12**0.5)


def test_a_calibration_comes_out_of_its_text_again_and_one_of_another_length_does_not():
    assert Calibration.from_json(CALIBRATION.to_json()) == CALIBRATION
    with pytest.raises(ValueError, match="6 weights"):
        Calibration.from_json('{"weights": [1.0], "offset": 0.0}')

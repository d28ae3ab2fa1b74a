import dataclasses

import numpy as np

from speech2vid.sync_training.clips import read_lags, write_lags
from speech2vid.sync_training.lags import RULES, corrected_lags
from tests.speech2vid.talking_clips import made_clip
from transforms.speakers.score_sync import Calibration

SURE = Calibration(weights=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), offset=5.0)
UNSURE = Calibration(weights=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), offset=-1.0)
NEVER = Calibration(weights=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), offset=-5.0)
CLIP = dataclasses.replace(made_clip("ann", 1), name="a.mp4", lag_frames=2.0)


def similarities(lag_frames: float, num_frames: int = 100) -> np.ndarray:
    """Similarities of frames that agree on a lag."""
    noise = np.random.default_rng(0).normal(0, 0.02, (num_frames, 31))
    return (np.exp(-((np.arange(-15, 16) - lag_frames) ** 2) / 4) + noise).astype(np.float32)


def found(scores: np.ndarray, calibration: Calibration = SURE, **given: float) -> dict:
    return corrected_lags([CLIP], [("a.mp4", scores)], calibration, given)


def test_a_remaining_lag_is_added_to_the_corrected_one():
    assert found(similarities(-3.0)) == {"a.mp4": -1.0}
    assert found(similarities(1.5), other=4.0) == {"a.mp4": 3.5, "other": 4.0}


def test_a_lag_below_a_frame_stays():
    assert found(similarities(0.6)) == {}


def test_a_peak_at_the_edge_of_the_search_is_ignored():
    assert found(similarities(15.0)) == {} and found(similarities(-16.0)) == {}


def test_a_lag_within_its_standard_error_stays():
    parts = [similarities(4.0 if part % 2 else 0.0, 10) for part in range(10)]
    assert found(np.concatenate(parts)) == {}


def test_a_lag_with_little_probability_or_a_large_error_stays():
    assert found(similarities(4.0), UNSURE) == {}
    assert found(np.random.default_rng(3).normal(size=(100, 31)).astype(np.float32)) == {}


def test_what_was_never_in_sync_is_dropped():
    assert found(similarities(4.0), NEVER) == {"a.mp4": None}


def test_less_than_a_second_of_speech_changes_nothing():
    assert found(similarities(4.0, 20), NEVER) == {} == found(similarities(4.0, 20))


def test_a_source_that_was_not_measured_keeps_its_lag():
    assert corrected_lags([CLIP], [], SURE, {"a.mp4": 2.0, "b.mp4": None}) == {"a.mp4": 2.0, "b.mp4": None}


def test_lags_are_written_as_they_are_read(tmp_path):
    lags = {"b, c.mp4": None, "a.mp4": -1.25}
    write_lags(lags, list(RULES), tmp_path / "lags.csv")
    assert read_lags(tmp_path / "lags.csv") == lags

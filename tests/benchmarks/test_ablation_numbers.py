import pytest

pytest.importorskip("skimage", reason="the demo extra is not installed")
from benchmarks.ablations.numbers import NUMBERS, numbers_of
from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.conditions import GENERATED, REAL, WRONG_AUDIO
from speech2vid.evaluation.measures import all_measures

MEASURES = [
    {"name": "opening correlation", "condition": GENERATED, "value": 0.4},
    {"name": "opening correlation", "condition": WRONG_AUDIO, "value": 0.1},
    {"name": "opening correlation", "condition": REAL, "value": 1.0},
    {"name": "MSE", "condition": GENERATED, "value": 300.0},
]


def test_right_and_wrong_audio_are_two_numbers_of_one_measure():
    found = numbers_of(MEASURES)
    assert (found["opening r"], found["opening r, wrong audio"], found["MSE"]) == (0.4, 0.1, 300)
    assert found["top-1"] is None


def test_a_condition_without_a_generator_has_no_wrong_audio():
    found = numbers_of(MEASURES, REAL)
    assert (found["opening r"], found["opening r, wrong audio"]) == (1, None)


def test_every_number_is_measured_by_the_evaluation():
    score = ClipScore(
        key="a",
        speaker="ann",
        condition=GENERATED,
        audio="a",
        num_frames=50,
        mse=1,
        mouth_mse=1,
        psnr_db=1,
        ssim=1,
        sharpness_ratio=1,
        flicker=1,
        seam=None,
        opening_correlation=1,
        opening_deviation_ratio=1,
        jitter_ratio=1,
        num_closures=1,
        num_closures_found=1,
        num_timed_closures=None,
        num_timed_closures_found=None,
        identity_distance=1,
        nearest_other_distance=2,
        audio_rank=1,
        num_candidates=2,
        sync_lag_frames=0,
        second_audio_rank=None,
        second_lag_frames=None,
    )
    names = {measure.name for measure in all_measures([score], [GENERATED], None, 0)}
    assert {number.measure for number in NUMBERS.values()} <= names

import dataclasses

import pytest

pytest.importorskip("skimage", reason="the demo extra is not installed")
from benchmarks.ablations.numbers import NUMBERS, numbers_of
from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.conditions import GENERATED, REAL, WRONG_AUDIO


def score(condition: str, **values) -> ClipScore:
    """A clip's score, of which all numbers but the given ones are 1."""
    whole = {field.name: 1 for field in dataclasses.fields(ClipScore)}
    return ClipScore(**whole | {"key": "a", "speaker": "ann", "audio": "a", "condition": condition} | values)


def test_a_number_is_the_mean_over_clips_that_have_it():
    scores = [score(GENERATED, mse=300, identity_distance=None), score(GENERATED, mse=100, identity_distance=0.2)]
    found = numbers_of(scores)
    assert (found["MSE"], found["identity distance"], found["SSIM"]) == (200, 0.2, 1)


def test_right_and_wrong_audio_are_two_numbers_of_one_score():
    scores = [score(GENERATED, opening_correlation=0.4), score(WRONG_AUDIO, opening_correlation=0.1)]
    found = numbers_of(scores)
    assert (found["opening r"], found["opening r, wrong audio"]) == (0.4, 0.1)


def test_a_condition_without_a_generator_has_no_wrong_audio():
    found = numbers_of([score(REAL, opening_correlation=0.9), score(WRONG_AUDIO)], REAL)
    assert (found["opening r"], found["opening r, wrong audio"]) == (0.9, None)


def test_every_number_is_a_score_of_the_evaluation():
    assert {number.score for number in NUMBERS.values()} <= {field.name for field in dataclasses.fields(ClipScore)}

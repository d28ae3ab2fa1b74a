import numpy as np
import pytest

from benchmarks.active_speaker import weighted_scores as weighted

RIGHT, WRONG = np.array([0.9, 0.8, 0.4, 0.3]), np.array([0.8, 0.2, 0.1])


def ones(values):
    return np.ones(len(values))


def test_the_auc_counts_pairs_in_order_and_ties_by_half():
    # Of 12 pairs 0.9 wins 3, 0.8 wins 2 and ties 1, 0.4 and 0.3 win 2 each.
    assert weighted.auc(RIGHT, WRONG, ones(RIGHT), ones(WRONG)) == pytest.approx(9.5 / 12)


def test_a_weight_of_two_is_the_case_twice():
    twice = np.append(RIGHT, RIGHT[2])
    assert weighted.auc(RIGHT, WRONG, np.array([1, 1, 2, 1.0]), ones(WRONG)) == pytest.approx(
        weighted.auc(twice, WRONG, ones(twice), ones(WRONG))
    )


def test_scores_of_minus_infinity_tie():
    nothing = np.array([-np.inf])
    assert weighted.auc(nothing, nothing, ones(nothing), ones(nothing)) == 0.5


def test_an_auc_without_wrong_cases_is_unknown():
    assert np.isnan(weighted.auc(RIGHT, WRONG, ones(RIGHT), 0 * WRONG))


def test_the_threshold_keeps_nineteen_of_twenty():
    right = np.arange(20) / 20
    assert weighted.kept_threshold(right, ones(right)) == 1 / 20


def test_of_few_right_cases_all_are_kept_and_wrong_ones_below_them_rejected():
    assert weighted.rejected_share(RIGHT, WRONG, ones(RIGHT), ones(WRONG)) == pytest.approx(2 / 3)


def test_the_roc_begins_at_none_and_ends_at_all():
    wrong, right = weighted.roc_points(RIGHT, WRONG)
    assert (wrong[0], right[0], wrong[-1], right[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(right, wrong) == pytest.approx(weighted.auc(RIGHT, WRONG, ones(RIGHT), ones(WRONG)))


def test_the_calibration_error_is_the_mean_gap_of_the_bins():
    probability, is_right = np.array([0.95, 0.95, 0.15, 0.15]), np.array([True, False, False, True])
    # Two bins of half the weight each: predicted 0.95 and true 0.5, predicted 0.15 and true 0.5.
    assert weighted.calibration_error(probability, is_right, ones(probability)) == pytest.approx((0.45 + 0.35) / 2)


def test_right_and_wrong_cases_have_equal_weight_however_many_there_are():
    probability = np.array([1.0] + [0.0] * 99 + [1.0] * 99)
    is_right = np.arange(199) == 0
    # The right case and half of the wrong ones have probability 1: in the upper bin 0.5 of 0.75 is right, below none.
    assert weighted.calibration_error(probability, is_right, ones(probability)) == pytest.approx(0.25)


def test_the_weighted_median_is_the_value_that_halves_the_weight():
    assert weighted.median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0])) == 2.0


def test_an_interval_resamples_speakers_and_not_cases():
    values, speakers = np.array([0.0] * 50 + [1.0] * 50), ["a"] * 50 + ["b"] * 50
    assert weighted.interval(lambda weights: weighted.share(values, weights), speakers, 0) == (0.0, 1.0)


def test_an_interval_holds_the_mean_and_is_the_same_twice():
    values = np.random.default_rng(1).random(60)
    speakers = [f"p{number % 12}" for number in range(60)]
    low, high = weighted.interval(lambda weights: weighted.share(values, weights), speakers, 7)
    assert low < values.mean() < high and high - low < 0.4
    assert (low, high) == weighted.interval(lambda weights: weighted.share(values, weights), speakers, 7)


def test_one_speaker_gives_no_interval():
    assert weighted.interval(lambda weights: 1.0, ["a", "a"], 0) is None

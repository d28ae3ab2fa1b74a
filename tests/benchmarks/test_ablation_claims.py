import pytest

pytest.importorskip("torch", reason="the train extra is not installed")
from benchmarks.ablations.claims import (
    AGREES,
    CLAIMS,
    DISAGREES,
    NO_DIFFERENCE,
    NOT_MEASURED,
    ONE_SEED,
    seeds_range,
    spans,
    verdicts,
)
from benchmarks.ablations.numbers import NUMBERS
from benchmarks.ablations.variants import VARIANTS


def values_of(name: str, **variants: list[float]) -> dict:
    """Values of one number by variant and seed; the other numbers have none."""
    none = dict.fromkeys(NUMBERS)
    return {
        variant: {seed: none | {name: value} for seed, value in enumerate(values)}
        for variant, values in variants.items()
    }


def verdict_of(number: str, worse: str, **variants: list[float]) -> str:
    (found,) = (
        one.verdict
        for one in verdicts(values_of(number, **variants))
        if one.number == number and worse in (one.worse, one.better)
    )
    return found


def test_a_lower_value_of_a_number_that_should_be_low_agrees_and_a_higher_one_disagrees():
    assert verdict_of("MSE", "one_still", base=[300, 302], one_still=[400, 404]) == AGREES
    assert verdict_of("MSE", "one_still", base=[400, 404], one_still=[300, 302]) == DISAGREES


def test_a_higher_value_of_a_number_that_should_be_high_agrees():
    assert verdict_of("SSIM", "no_skips", base=[0.8, 0.81], no_skips=[0.7, 0.69]) == AGREES


def test_a_difference_within_the_seeds_range_is_no_difference():
    assert verdict_of("MSE", "one_still", base=[300, 302], one_still=[300, 320]) == NO_DIFFERENCE


def test_the_range_of_any_variants_seeds_counts():
    assert verdict_of("MSE", "one_still", base=[300, 302], one_still=[310, 312], no_skips=[200, 260]) == NO_DIFFERENCE


def test_equal_values_are_no_difference():
    assert verdict_of("MSE", "one_still", base=[300, 300], one_still=[300, 300]) == NO_DIFFERENCE


def test_without_two_seeds_of_anything_there_is_no_verdict():
    assert verdict_of("MSE", "one_still", base=[300], one_still=[400]) == ONE_SEED


def test_a_variant_of_one_seed_is_judged_by_the_range_of_the_others_and_marked():
    assert verdict_of("MSE", "one_still", base=[300, 310], one_still=[400]) == f"{AGREES} (one seed)"
    assert verdict_of("MSE", "one_still", base=[300, 310], one_still=[309]) == f"{NO_DIFFERENCE} (one seed)"


def test_a_variant_that_was_not_run_is_reported_as_not_measured():
    assert verdict_of("MSE", "one_still", base=[300, 301]) == NOT_MEASURED


def test_deblurring_is_compared_seed_by_seed_because_it_shares_the_training():
    assert verdict_of("sharpness", "deblurred", base=[0.2, 0.6], deblurred=[0.3, 0.71]) == AGREES
    assert verdict_of("sharpness", "content_loss", base=[0.2, 0.6], content_loss=[0.3, 0.71]) == NO_DIFFERENCE


def test_a_variant_that_shares_a_training_does_not_count_for_the_seeds_range():
    assert seeds_range("sharpness", values_of("sharpness", base=[0.5, 0.6], deblurred=[0.1, 0.9])) == pytest.approx(0.1)


def test_the_mean_over_seeds_has_its_range():
    found = spans(values_of("MSE", base=[300, 400]), "base")
    assert found["MSE"] == (350, 300, 400)
    assert found["SSIM"] is None


def test_every_claim_is_of_known_variants_and_numbers():
    assert all(
        claim.better in VARIANTS and claim.worse in VARIANTS and {*claim.numbers} <= {*NUMBERS} for claim in CLAIMS
    )
    assert {name for claim in CLAIMS for name in (claim.better, claim.worse)} == {*VARIANTS}

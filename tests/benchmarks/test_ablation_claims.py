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
    """Values of one number by variant and seed; of the others there are none."""
    none = dict.fromkeys(NUMBERS)
    return {variant: {seed: none | {name: value} for seed, value in enumerate(of)} for variant, of in variants.items()}


def verdict_of(number: str, worse: str, **variants: list[float]) -> str:
    (found,) = (
        one.verdict
        for one in verdicts(values_of(number, **variants))
        if one.number == number and worse in (one.worse, one.better)
    )
    return found


def test_less_of_what_shall_be_low_agrees_and_more_disagrees():
    assert verdict_of("MSE", "one_still", base=[300, 302], one_still=[400, 404]) == AGREES
    assert verdict_of("MSE", "one_still", base=[400, 404], one_still=[300, 302]) == DISAGREES


def test_more_of_what_shall_be_high_agrees():
    assert verdict_of("SSIM", "no_skips", base=[0.8, 0.81], no_skips=[0.7, 0.69]) == AGREES


def test_a_difference_within_the_seeds_range_is_none():
    assert verdict_of("MSE", "one_still", base=[300, 302], one_still=[300, 320]) == NO_DIFFERENCE


def test_the_range_of_any_variants_seeds_counts():
    assert verdict_of("MSE", "one_still", base=[300, 302], one_still=[310, 312], no_skips=[200, 260]) == NO_DIFFERENCE


def test_equal_values_are_no_difference():
    assert verdict_of("MSE", "one_still", base=[300, 300], one_still=[300, 300]) == NO_DIFFERENCE


def test_one_seed_gives_no_verdict():
    assert verdict_of("MSE", "one_still", base=[300], one_still=[400, 400]) == ONE_SEED


def test_a_variant_that_was_not_run_is_said_to_be_missing():
    assert verdict_of("MSE", "one_still", base=[300, 301]) == NOT_MEASURED


def test_deblurring_is_compared_seed_by_seed_for_it_shares_the_training():
    assert verdict_of("sharpness", "deblurred", base=[0.2, 0.6], deblurred=[0.3, 0.71]) == AGREES
    assert verdict_of("sharpness", "content_loss", base=[0.2, 0.6], content_loss=[0.3, 0.71]) == NO_DIFFERENCE


def test_what_shares_a_training_says_nothing_of_how_far_seeds_move_a_number():
    assert seeds_range("sharpness", values_of("sharpness", base=[0.5, 0.6], deblurred=[0.1, 0.9])) == pytest.approx(0.1)


def test_the_mean_over_seeds_stands_with_its_ends():
    found = spans(values_of("MSE", base=[300, 400]), "base")
    assert found["MSE"] == (350, 300, 400)
    assert found["SSIM"] is None


def test_every_claim_is_of_known_variants_and_numbers():
    assert all(
        claim.better in VARIANTS and claim.worse in VARIANTS and {*claim.numbers} <= {*NUMBERS} for claim in CLAIMS
    )
    assert {name for claim in CLAIMS for name in (claim.better, claim.worse)} == {*VARIANTS}

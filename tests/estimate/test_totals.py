"""Totals of all sources, and whether their intervals hold what they promise."""

import numpy as np
import pytest

from pipeline.estimate.sample import Sample
from pipeline.estimate.totals import Totals


def drawn_from(lengths, number, seed):
    """A sample of a made population, in strata of neighbouring lengths; and the places of the drawn sources."""
    order = np.argsort(lengths)
    strata = np.array_split(order, number // 4)
    random = np.random.default_rng(seed + 1000)
    chosen = np.concatenate([random.choice(stratum, 4, replace=False) for stratum in strata])
    sample = Sample(
        sources=tuple(range(number)),
        lengths=lengths[chosen],
        strata=np.repeat(np.arange(len(strata)), 4),
        stratum_sizes=np.array([len(stratum) for stratum in strata]),
        num_sources=len(lengths),
        total_length=float(lengths.sum()),
        is_seconds=True,
    )
    return sample, chosen


def population(random, number=400):
    """Lengths, and values that grow with them, by a factor that differs from source to source."""
    lengths = random.lognormal(3.0, 0.5, number)
    return lengths, lengths * random.gamma(2.0, 0.5, number)


def test_what_is_in_proportion_to_length_is_certain():
    lengths = np.random.default_rng(1).lognormal(3.0, 1.0, 400)
    sample, chosen = drawn_from(lengths, 20, 0)
    found = Totals(sample).by_length(0.2 * lengths[chosen])
    assert found.value == pytest.approx(0.2 * lengths.sum())
    assert found.low == pytest.approx(found.value) == found.high


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = []
    for seed in range(200):
        lengths, values = population(np.random.default_rng(seed))
        sample, chosen = drawn_from(lengths, 20, seed)
        found = Totals(sample).by_length(values[chosen])
        held.append(found.low <= values.sum() <= found.high)
    assert 0.82 <= np.mean(held) <= 0.96


def test_counts_grow_with_the_number_of_sources():
    lengths, _ = population(np.random.default_rng(3))
    sample, _ = drawn_from(lengths, 20, 0)
    found = Totals(sample).by_count(np.ones(20))
    assert (found.value, found.low, found.high) == pytest.approx((400, 400, 400))
    assert Totals(sample).by_count(np.zeros(20)).high == 0


def test_a_sample_of_all_has_no_interval():
    lengths, values = population(np.random.default_rng(4), 20)
    sample, chosen = drawn_from(lengths, 20, 0)
    found = Totals(sample).by_length(values[chosen])
    assert found.value == pytest.approx(values.sum()) and found.high - found.low < 1e-9 * found.value


def test_a_fixed_part_has_no_interval():
    lengths, values = population(np.random.default_rng(5))
    sample, chosen = drawn_from(lengths, 20, 0)
    found = Totals(sample).by_length(values[chosen])
    shifted = found.scaled(0.5, 7.0)
    assert shifted.high - shifted.low == pytest.approx(0.5 * (found.high - found.low))
    assert shifted.value == pytest.approx(0.5 * found.value + 7.0)


def test_what_one_source_shows_may_be_five_times_as_frequent():
    lengths, _ = population(np.random.default_rng(6))
    sample, _ = drawn_from(lengths, 20, 0)
    values = np.eye(20)[0]
    totals = Totals(sample)
    found = totals.with_rarity(totals.by_count(values), values)
    assert found.low < 0.06 * found.value and found.high >= 4.7 * found.value
    often = totals.by_count(np.ones(20))
    assert totals.with_rarity(often, np.ones(20)) == often


def test_a_sample_without_failures_leaves_room_for_some():
    lengths, _ = population(np.random.default_rng(7))
    sample, chosen = drawn_from(lengths, 20, 0)
    totals = Totals(sample)
    found = totals.with_unseen(totals.by_length(lengths[chosen]))
    assert 0.85 * found.value < found.low < 0.87 * found.value and found.high == pytest.approx(found.value)

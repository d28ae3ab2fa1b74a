"""Shards are contiguous ranges of a hash of the key."""

from hypothesis import given
from hypothesis import strategies as st

from transforms.shards.assign_shards import NUM_BINS, assign_shards, bin_of_key, shard_of_key

histograms = st.dictionaries(st.integers(0, NUM_BINS - 1), st.integers(1, 10_000_000), min_size=1, max_size=60)


def numbers(sizes, first_bins):
    return {place: max(n for n, first in enumerate(first_bins) if first <= place) for place in sizes}


@given(histograms, st.integers(1, 50_000_000))
def test_no_shard_is_empty_and_no_number_is_skipped(sizes, target):
    first_bins = assign_shards({("train", place): size for place, size in sizes.items()}, target)["train"]
    assert first_bins[0] == min(sizes)
    assert set(numbers(sizes, first_bins).values()) == set(range(len(first_bins)))


@given(histograms, st.integers(1, 50_000_000))
def test_no_shard_exceeds_its_even_share_by_more_than_one_bin(sizes, target):
    first_bins = assign_shards({("train", place): size for place, size in sizes.items()}, target)["train"]
    even = sum(sizes.values()) / max(1, round(sum(sizes.values()) / target))
    held = {}
    for place, number in numbers(sizes, first_bins).items():
        held[number] = held.get(number, 0) + sizes[place]
    assert max(held.values()) <= even + max(sizes.values())


def test_the_order_of_the_clips_does_not_matter():
    sizes = {("train", place * 97 % NUM_BINS): 1000 + place for place in range(500)}
    assert assign_shards(sizes, 20_000) == assign_shards(dict(reversed(sizes.items())), 20_000)


def test_splits_are_assigned_independently():
    found = assign_shards({("train", 5): 10, ("train", 60_000): 10, ("val", 9): 10}, 10)
    assert found == {"train": (5, 60_000), "val": (9,)}


def test_a_key_is_found_in_the_shard_of_its_bin():
    keys = [f"k{number}" for number in range(200)]
    first_bins = assign_shards({("train", bin_of_key(key)): 10 for key in keys}, 100)["train"]
    held = [shard_of_key(key, first_bins) for key in keys]
    assert 15 < len(set(held)) <= 21
    assert held == [numbers([bin_of_key(key)], first_bins)[bin_of_key(key)] for key in keys]

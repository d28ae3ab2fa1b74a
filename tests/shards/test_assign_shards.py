"""Shards are contiguous ranges of a hash of the key."""

import hashlib
from collections import Counter
from itertools import count, islice

from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.shards.assign_shards import NUM_BINS, assign_shards, bin_of_key, shard_of_key

histograms = st.dictionaries(st.integers(0, NUM_BINS - 1), st.integers(1, 10_000_000), min_size=1, max_size=60)


def numbers(sizes, first_bins):
    return {place: max(n for n, first in enumerate(first_bins) if first <= place) for place in sizes}


def ranges_of(sizes, target):
    return assign_shards({("train", place): size for place, size in sizes.items()}, target)["train"]


@given(histograms, st.integers(20_000, 50_000_000))
def test_no_shard_is_empty_and_no_number_is_skipped(sizes, target):
    first_bins = ranges_of(sizes, target).first_bins
    assert first_bins[0] == min(sizes)
    assert set(numbers(sizes, first_bins).values()) == set(range(len(first_bins)))


@given(histograms, st.integers(20_000, 50_000_000))
def test_no_shard_exceeds_its_even_share_by_more_than_one_bin(sizes, target):
    first_bins = ranges_of(sizes, target).first_bins
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
    assert {split: ranges.first_bins for split, ranges in found.items()} == {"train": (5, 60_000), "val": (9,)}


def test_a_key_is_found_in_the_shard_of_its_bin():
    keys = [f"k{number}" for number in range(200)]
    ranges = assign_shards({("train", bin_of_key(key)): 10 for key in keys}, 100)["train"]
    held = [shard_of_key(key, ranges) for key in keys]
    assert 15 < len(set(held)) <= 21
    assert held == [numbers([bin_of_key(key)], ranges.first_bins)[bin_of_key(key)] for key in keys]


def keys_of_bin(number, how_many):
    """Keys of one bin."""
    return list(islice((key for key in map(str, count()) if bin_of_key(key) == number), how_many))


def test_a_split_larger_than_all_bins_has_no_larger_shards():
    target = 256_000_000
    sizes = dict.fromkeys(range(NUM_BINS), 3 * target + 1000)  # 50 TB
    ranges = ranges_of(sizes, target)
    assert ranges.first_shards[-1] == 3 * NUM_BINS and len(ranges.first_bins) == NUM_BINS
    held = [shard_of_key(key, ranges) for key in keys_of_bin(40, 90)]
    assert set(held) == {120, 121, 122} and all(held.count(number) > 15 for number in set(held))


@settings(max_examples=10, deadline=None)
@given(st.floats(1.01, 80))
def test_shards_keep_their_size_from_the_first_to_the_last_petabyte(shards_of_bin):
    sizes = {number: round(shards_of_bin * 1000) for number in range(NUM_BINS)}
    num_shards = ranges_of(sizes, 1000).first_shards[-1]
    assert 0.6 < sum(sizes.values()) / num_shards / 1000 < 1.51


def test_below_that_size_each_shard_is_a_range_of_whole_bins():
    sizes = {number: 1000 + number % 7 for number in range(NUM_BINS)}
    ranges = ranges_of(sizes, sum(sizes.values()) / NUM_BINS)
    assert ranges.first_shards == tuple(range(len(ranges.first_bins) + 1)) and len(ranges.first_bins) > 60_000


def test_clips_lie_where_they_lay_before_bins_could_hold_several_shards():
    keys = [f"key-{number}" for number in range(3000)]
    ranges = assign_shards(Counter(("train", bin_of_key(key)) for key in keys), 40)["train"]
    held = [shard_of_key(key, ranges) for key in keys]
    assert hashlib.sha256(repr(held).encode()).hexdigest() == (
        "f1ca4a906092a10d8d86e2f4ac197ff8b0fd3144629f60caa6692c93e182797d"
    )

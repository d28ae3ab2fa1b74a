"""Assign clips to shards by contiguous ranges of a hash of the key, whatever their order of arrival."""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.generations import generation_mark

NUM_BINS = 65_536
_REST_BITS = 48  # of the hash, beyond the bin


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRanges:
    """The shards of one split: each range of bins holds one shard, or one bin is a range that holds several."""

    first_bins: tuple[int, ...]  # of each range
    first_shards: tuple[int, ...]  # number of each range's first shard; at the end, the number of all


def bin_of_key(key: str) -> int:
    """Bin of a key: the first 16 bits of its sha256."""
    return _bin_and_rest(key)[0]


def assign_shards(bytes_in_bin: Mapping[tuple[str, int], int], target_bytes: float) -> dict[str, ShardRanges]:
    """The ranges of bins of each split's shards.

    bytes_in_bin: (split, bin) -> bytes, without empty bins. Each shard gets about `target_bytes`: some bins, or where a
    split has more shards than there are bins, a part of one. No range is empty.
    """
    return {
        split: _ranges(
            {number: size for (of_split, number), size in bytes_in_bin.items() if of_split == split}, target_bytes
        )
        for split in sorted({split for split, _ in bytes_in_bin})
    }


def shard_of_key(key: str, ranges: ShardRanges) -> int:
    """Number of the shard that holds a key."""
    number, rest = _bin_and_rest(key)
    place = max(0, bisect_right(ranges.first_bins, number) - 1)
    first, end = ranges.first_shards[place : place + 2]
    return first + ((end - first) * rest >> _REST_BITS)


def shard_path(split: str, number: int, generation: int) -> str:
    """Path of a shard below the dataset."""
    return f"shards/{split}-{number:06d}{generation_mark(generation)}.tar"


def _bin_and_rest(key: str) -> tuple[int, int]:
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:2], "big"), int.from_bytes(digest[2:8], "big")


def _ranges(sizes: dict[int, int], target_bytes: float) -> ShardRanges:
    num_shards = max(1, round(sum(sizes.values()) / target_bytes))
    if num_shards <= NUM_BINS:
        first_bins = _first_bins(sizes, num_shards)
        return ShardRanges(first_bins=first_bins, first_shards=tuple(range(len(first_bins) + 1)))
    first_shards = [0]
    for number in sorted(sizes):  # a bin's clips are spread over its shards by the rest of the hash, evenly
        first_shards.append(first_shards[-1] + max(1, round(sizes[number] / target_bytes)))
    return ShardRanges(first_bins=tuple(sorted(sizes)), first_shards=tuple(first_shards))


def _first_bins(sizes: dict[int, int], num_shards: int) -> tuple[int, ...]:
    """First bin of each shard, none of which is empty."""
    total = sum(sizes.values())
    first_bins: list[int] = []
    last, before = -1, 0
    for first in sorted(sizes):
        # A bin belongs to the shard that its middle falls into. In integers, so that no rounding decides.
        number = (2 * before + sizes[first]) * num_shards // (2 * total)
        if number != last:
            first_bins.append(first)
            last = number
        before += sizes[first]
    return tuple(first_bins)

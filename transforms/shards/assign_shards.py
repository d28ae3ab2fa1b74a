"""Assign clips to shards by contiguous ranges of a hash of the key, whatever their order of arrival."""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping

NUM_BINS = 65_536


def bin_of_key(key: str) -> int:
    """Bin of a key: the first 16 bits of its sha256."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:2], "big")


def assign_shards(bytes_in_bin: Mapping[tuple[str, int], int], target_bytes: float) -> dict[str, tuple[int, ...]]:
    """First bin of each shard, by split.

    bytes_in_bin: (split, bin) -> bytes, without empty bins. Each shard gets a contiguous range of bins of about
    `target_bytes`; no shard is empty.
    """
    return {
        split: _first_bins(
            {number: size for (of_split, number), size in bytes_in_bin.items() if of_split == split}, target_bytes
        )
        for split in sorted({split for split, _ in bytes_in_bin})
    }


def shard_of_key(key: str, first_bins: tuple[int, ...]) -> int:
    """Number of the shard that holds a key."""
    return max(0, bisect_right(first_bins, bin_of_key(key)) - 1)


def shard_path(split: str, number: int) -> str:
    """Path of a shard below the dataset."""
    return f"shards/{split}-{number:06d}.tar"


def _first_bins(sizes: dict[int, int], target_bytes: float) -> tuple[int, ...]:
    total = sum(sizes.values())
    num_shards = max(1, round(total / target_bytes))
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

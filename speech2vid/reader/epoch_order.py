"""The order of the clips in an epoch, and which of them are in each batch of each rank, as numbers.

The clips form one sequence. Each rank has an equal part of it, however the clips are spread over the shards, and each
of its batches a part of that: so any batch can be made without those before it.
"""

import numpy as np


def clip_order(shard_of: np.ndarray, shuffle_clips: int, seed: int, epoch: int) -> np.ndarray:
    """Numbers of all clips, int64 (N,), each once: shards in random order, clips moved by less than shuffle_clips.

    shard_of: int (N,), the shard of each clip. With shuffle_clips 0, only the shards are shuffled. The clips move
    as in a shuffle buffer of this size, but no buffer is held: reading stays local, and memory small.
    """
    random = np.random.default_rng([seed, epoch])
    place_of_shard = random.permutation(int(shard_of.max()) + 1)
    sequence = np.argsort(place_of_shard[shard_of], kind="stable")
    moved_to = np.arange(len(sequence)) + random.uniform(0, max(shuffle_clips, 1), len(sequence))
    return sequence[np.argsort(moved_to, kind="stable")]


def count_batches(num_clips: int, batch_size: int, world_size: int) -> int:
    """Batches in an epoch, on each rank."""
    return -(-num_clips // (world_size * batch_size))


def batch_positions(num_clips: int, batch_size: int, rank: int, world_size: int, batch: int) -> np.ndarray:
    """Positions in the sequence of the clips of one batch, int64 (1 to batch_size,).

    All batches of all ranks together hold each position once. Only the last one or two of a rank are not full.
    A rank with fewer clips than batches (batch_size 1, or fewer clips than ranks) also takes one of its neighbour's.
    """
    num_batches = count_batches(num_clips, batch_size, world_size)
    first, end = rank * num_clips // world_size, (rank + 1) * num_clips // world_size
    end = max(end, first + num_batches)
    starts = [min(first + number * batch_size, end - (num_batches - number)) for number in (batch, batch + 1)]
    return np.arange(starts[0], starts[1]) % num_clips

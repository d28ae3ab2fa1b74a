"""In which order an epoch gives its clips, and which of them each batch of each rank holds: numbers only.

The clips are put in one line. Each rank has an equal piece of it, whatever lies in which shard, and each of its batches
a piece of that: so any batch can be found without making those before it.
"""

import numpy as np


def clip_order(shard_of: np.ndarray, shuffle_clips: int, seed: int, epoch: int) -> np.ndarray:
    """Numbers of all clips, int64 (N,), each once: shards in random order, clips moved by less than shuffle_clips.

    shard_of: int (N,), the shard of each clip. 0 shuffles nothing but shards. The move is what a buffer of so many clips
    would do to a stream, without the buffer: reading stays near one place, and memory small.
    """
    random = np.random.default_rng([seed, epoch])
    place_of_shard = random.permutation(int(shard_of.max()) + 1)
    line = np.argsort(place_of_shard[shard_of], kind="stable")
    return line[np.argsort(np.arange(len(line)) + random.uniform(0, max(shuffle_clips, 1), len(line)), kind="stable")]


def count_batches(num_clips: int, batch_size: int, world_size: int) -> int:
    """Batches in an epoch on each rank."""
    return -(-num_clips // (world_size * batch_size))


def batch_positions(num_clips: int, batch_size: int, rank: int, world_size: int, batch: int) -> np.ndarray:
    """Places in the line of the clips of one batch, int64 (1 to batch_size,).

    All batches of all ranks hold each place once. Batches are full but for the last one or two of a rank. Only where a
    rank has fewer clips than batches (batch_size 1, or fewer clips than ranks) it takes one from its neighbour besides.
    """
    num_batches = count_batches(num_clips, batch_size, world_size)
    first, end = rank * num_clips // world_size, (rank + 1) * num_clips // world_size
    end = max(end, first + num_batches)
    starts = [min(first + number * batch_size, end - (num_batches - number)) for number in (batch, batch + 1)]
    return np.arange(starts[0], starts[1]) % num_clips

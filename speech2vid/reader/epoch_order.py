"""The order of the clips in an epoch, and which of them are in each batch of each rank, as numbers.

The clips form one sequence. Each rank has an equal part of it, however the clips are spread over the shards, and each
of its batches a part of that: so any batch can be made without those before it.
"""

import numpy as np


def clip_order(
    shard_of: np.ndarray, shuffle_clips: int, seed: int, epoch: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """Numbers of clips, int64 (N,), as many as there are, each once or as often as its weight says.

    Shards come in random order, and clips are moved by less than shuffle_clips. shard_of: int (N,), the shard of each
    clip. With shuffle_clips 0, only the shards are shuffled. The clips move as in a shuffle buffer of this size, but no
    buffer is held: reading stays local, and memory small. weights: (N,), see person_weights.
    """
    random = np.random.default_rng([seed, epoch])
    place_of_shard = random.permutation(int(shard_of.max()) + 1)
    drawn = np.arange(len(shard_of)) if weights is None else _drawn_by_weight(weights, random)
    sequence = drawn[np.argsort(place_of_shard[shard_of[drawn]], kind="stable")]
    moved_to = np.arange(len(sequence)) + random.uniform(0, max(shuffle_clips, 1), len(sequence))
    return sequence[np.argsort(moved_to, kind="stable")]


def person_weights(person_of: np.ndarray, balance: float) -> np.ndarray | None:
    """Weight of each clip, float64 (N,), so that a person has (number of clips)^balance in all; None: all are alike.

    person_of: int (N,), the number of each clip's person.
    """
    return None if balance == 1 else np.bincount(person_of)[person_of] ** (balance - 1.0)


def _drawn_by_weight(weights: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Numbers of clips, int64 (N,): each as often as its share of N, rounded up or down (systematic resampling)."""
    mixed = random.permutation(len(weights))
    ends = np.cumsum(weights[mixed])
    marks = (np.arange(len(weights)) + random.random()) * (ends[-1] / len(weights))
    return np.sort(mixed[np.minimum(np.searchsorted(ends, marks, side="right"), len(weights) - 1)])


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

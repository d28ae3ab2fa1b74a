"""Pairs of embeddings that lie near each other, by faiss on one thread: exact up to a size, by an inverted file above.

The same vectors in the same order give the same pairs: the inverted file is trained with a fixed seed.
"""

from typing import Any

import numpy as np

EXACT_UP_TO = 65_536**2  # comparisons: all vectors with all queries
_BLOCK = 4096  # vectors asked for at once
_SEED = 20
_POINTS_PER_CELL, _ROUNDS = 39, 5  # of the training; with fewer points faiss warns
_PROBED_SHARE = 1 / 128  # of the cells


def nearest(vectors: np.ndarray, queries: np.ndarray, num: int) -> tuple[np.ndarray, np.ndarray]:
    """For each query its nearest vectors, float32 (N, D): numbers (M, num), -1 for none, and squared distances."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = _index(vectors, len(queries), faiss)
    numbers = np.empty((len(queries), num), np.int64)
    squares = np.empty((len(queries), num), np.float32)
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        squares[block], numbers[block] = index.search(queries[block], num)
    return numbers, squares


def near_pairs(vectors: np.ndarray, max_square: float, num: int) -> np.ndarray:
    """Pairs int64 (P, 2), the smaller number first, sorted: each vector's nearest `num` within the squared distance."""
    if len(vectors) < 2:
        return np.zeros((0, 2), np.int64)
    numbers, squares = nearest(vectors, vectors, min(num + 1, len(vectors)))
    own = np.arange(len(vectors))[:, None]
    is_near = (numbers >= 0) & (numbers != own) & (squares <= max_square)
    pairs = np.column_stack([np.broadcast_to(own, numbers.shape)[is_near], numbers[is_near]])
    return unique_pairs(pairs, len(vectors))


def unique_pairs(pairs: np.ndarray, count: int) -> np.ndarray:
    """Pairs of numbers below `count` without repeats and without pairs of one number, smaller first, sorted."""
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.column_stack(np.divmod(np.unique(pair_codes(pairs, count)), count))


def pair_codes(pairs: np.ndarray, count: int) -> np.ndarray:
    """One number for each pair (P, 2) of numbers below `count`."""
    return pairs[:, 0] * np.int64(count) + pairs[:, 1]


def _index(vectors: np.ndarray, num_queries: int, faiss: Any) -> Any:
    size = vectors.shape[1]
    flat = faiss.IndexFlatL2(size)
    if len(vectors) * num_queries <= EXACT_UP_TO:
        flat.add(vectors)
        return flat
    num_cells = int(2 * len(vectors) ** 0.5)
    index = faiss.IndexIVFFlat(flat, size, num_cells)
    index.cp.seed, index.cp.niter, index.cp.max_points_per_centroid = _SEED, _ROUNDS, _POINTS_PER_CELL
    index.nprobe = max(8, int(num_cells * _PROBED_SHARE))
    index.train(vectors)
    index.add(vectors)
    return index

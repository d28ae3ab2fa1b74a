"""Clusters of embeddings by average linkage: two join while the mean squared distance of their members stays small.

A chain of pairs that are each similar does not join two clusters that lie apart, as single linkage would. Pairs of
mutual nearest clusters are joined at once, which gives the same clusters as one after the other (Murtagh 1983), and
the mean squared distance needs only means and mean squares, so that no matrix of all pairs is ever held.
"""

from dataclasses import dataclass

import numpy as np

from transforms.people.near_pairs import near_pairs, nearest, pair_codes, unique_pairs

_NEIGHBOURS = 16  # of each cluster that are looked at in one search
_BLOCK = 1 << 18  # pairs compared at once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """Members' statistics of C clusters."""

    means: np.ndarray  # float32 (C, D)
    squares: np.ndarray  # float64 (C,): mean squared length
    sizes: np.ndarray  # int64 (C,)
    is_known: np.ndarray  # bool (C,): of a person on record, who is not joined with another

    def distances(self, pairs: np.ndarray) -> np.ndarray:
        """Mean squared distance between the members of two clusters, float64 (P,), for pairs (P, 2)."""
        found = np.empty(len(pairs))
        for start in range(0, len(pairs), _BLOCK):
            left, right = pairs[start : start + _BLOCK].T
            products = np.einsum("pd,pd->p", self.means[left], self.means[right], dtype=np.float64)
            found[start : start + _BLOCK] = self.squares[left] + self.squares[right] - 2 * products
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clustering:
    """Which cluster each vector is in, and which known clusters lie as near as if they were one."""

    labels: np.ndarray  # int64 (N,), 0..C-1
    alike: np.ndarray  # int64 (P, 2): labels of known clusters


def cluster(vectors: np.ndarray, max_square: float, apart: np.ndarray, known: np.ndarray) -> Clustering:
    """Cluster vectors float32 (N, D).

    max_square: the largest mean squared distance at which two clusters join. apart: (P, 2), numbers of vectors that are
    not of one cluster. known: int64 (N,), number of a cluster on record, 0 and more, or -1.
    """
    labels = _first_labels(known)
    found = _statistics(vectors, labels, known)
    forbidden = labels[apart]
    while True:
        pairs = near_pairs(found.means, max_square, _NEIGHBOURS)
        count = len(found.sizes)
        found, forbidden, moved = _joined(found, pairs, forbidden, max_square)
        labels = moved[labels]
        if len(found.sizes) == count:
            return Clustering(labels=labels, alike=_alike_known(found, pairs, max_square))


def confidences(vectors: np.ndarray, labels: np.ndarray, max_square: float) -> np.ndarray:
    """How clearly each vector belongs to its cluster, float64 (N,), 0..1: the silhouette of squared distances.

    1 - a / b, of the mean squared distance a to the other members and b to the nearest other cluster. A vector alone in
    its cluster counts as at the distance at which it would have joined another.
    """
    found = _statistics(vectors, labels, np.full(len(vectors), -1))
    numbers, _ = nearest(found.means, vectors, min(_NEIGHBOURS, len(found.sizes)))
    own, sizes = _squares_to(vectors, found, labels), found.sizes[labels]
    inside = np.where(sizes > 1, own * sizes / np.maximum(sizes - 1, 1), max_square)
    outside = np.full(len(vectors), 4 * max_square)
    for column in numbers.T:
        is_other = (column >= 0) & (column != labels)
        to_other = _squares_to(vectors[is_other], found, column[is_other])
        outside[is_other] = np.minimum(outside[is_other], to_other)
    return np.clip(1 - inside / np.maximum(outside, 1e-12), 0.0, 1.0)


def _first_labels(known: np.ndarray) -> np.ndarray:
    """A cluster for each known one, and for each other vector one of its own."""
    names = np.where(known >= 0, known, len(known) + np.arange(len(known)))
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _statistics(vectors: np.ndarray, labels: np.ndarray, known: np.ndarray) -> Clusters:
    num = int(labels.max(initial=-1)) + 1
    sizes = np.bincount(labels, minlength=num)
    lengths = np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)
    order = np.argsort(labels, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    if num == len(vectors):  # each is alone
        means = vectors[order]
    else:
        means = (np.add.reduceat(vectors[order], starts, axis=0, dtype=np.float64) / sizes[:, None]).astype(np.float32)
    is_known = np.zeros(num, bool)
    is_known[labels[known >= 0]] = True
    return Clusters(means=means, squares=np.bincount(labels, lengths, num) / sizes, sizes=sizes, is_known=is_known)


def _joined(
    found: Clusters, pairs: np.ndarray, forbidden: np.ndarray, max_square: float
) -> tuple[Clusters, np.ndarray, np.ndarray]:
    """The clusters after all joins among these pairs, what is forbidden among them, and each cluster's new number."""
    moved = np.arange(len(found.sizes))
    while len(mutual := _mutual_nearest(found, pairs, forbidden, max_square)):
        found, numbers = _merged(found, mutual)
        moved = numbers[moved]
        forbidden = numbers[forbidden]
        pairs = unique_pairs(numbers[pairs], len(found.sizes))
    return found, forbidden, moved


def _mutual_nearest(found: Clusters, pairs: np.ndarray, forbidden: np.ndarray, max_square: float) -> np.ndarray:
    """Pairs of clusters that are each other's nearest and may be joined; no cluster is in two."""
    count = len(found.sizes)
    barred = pair_codes(unique_pairs(forbidden, count), count)
    may = ~(np.isin(pair_codes(pairs, count), barred) | found.is_known[pairs].all(axis=1))
    pairs = pairs[may]
    squares = found.distances(pairs)
    pairs, squares = pairs[squares <= max_square], squares[squares <= max_square]
    order = np.lexsort((pairs[:, 1], pairs[:, 0], squares))  # a total order: equal distances do not go in circles
    pairs = pairs[order]
    best = np.full(count, len(pairs))
    for side in (0, 1):
        np.minimum.at(best, pairs[:, side], np.arange(len(pairs)))
    places = np.arange(len(pairs))
    return pairs[(best[pairs[:, 0]] == places) & (best[pairs[:, 1]] == places)]


def _merged(found: Clusters, mutual: np.ndarray) -> tuple[Clusters, np.ndarray]:
    """The clusters with these pairs joined, and the new number of each old one."""
    left, right = mutual.T
    sizes, squares, means = found.sizes.copy(), found.squares.copy(), found.means.copy()
    is_known = found.is_known.copy()
    sizes[left] += sizes[right]
    share = (found.sizes[right] / sizes[left])[:, None]
    means[left] = found.means[left] * (1 - share) + found.means[right] * share
    squares[left] += (found.squares[right] - found.squares[left]) * share[:, 0]
    is_known[left] |= is_known[right]
    stays = np.ones(len(sizes), bool)
    stays[right] = False
    numbers = np.cumsum(stays) - 1
    numbers[right] = numbers[left]
    return (
        Clusters(means=means[stays], squares=squares[stays], sizes=sizes[stays], is_known=is_known[stays]),
        numbers.astype(np.int64),
    )


def _alike_known(found: Clusters, pairs: np.ndarray, max_square: float) -> np.ndarray:
    known = pairs[found.is_known[pairs].all(axis=1)]
    return known[found.distances(known) <= max_square]


def _squares_to(vectors: np.ndarray, found: Clusters, labels: np.ndarray) -> np.ndarray:
    """Mean squared distance of each vector to the members of a cluster, float64 (N,)."""
    squares = np.empty(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        block = slice(start, start + _BLOCK)
        some, of = vectors[block], labels[block]
        lengths = np.einsum("nd,nd->n", some, some, dtype=np.float64)
        products = np.einsum("nd,nd->n", some, found.means[of], dtype=np.float64)
        squares[block] = lengths + found.squares[of] - 2 * products
    return np.maximum(squares, 0.0)

"""Groups of clips that are connected by what they share, found from the hashes of their keys alone."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def hash_of_key(key: str) -> int:
    """A number that stands for a clip's key: 63 bits."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") >> 1


def component_of_each(pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Each number of some pairs with the smallest that it is connected to; some 50 bytes a pair are held."""
    ends = np.fromiter(pairs, np.dtype((np.int64, 2)))
    numbers, places = np.unique(ends, return_inverse=True)
    first, second = places.reshape(-1, 2).T
    links = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(len(numbers),) * 2)
    _, labels = connected_components(links, directed=False)
    smallest = np.full(labels.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, labels, numbers)
    yield from zip(numbers.tolist(), smallest[labels].tolist(), strict=True)

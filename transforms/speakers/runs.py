"""Runs of consecutive true values."""

import numpy as np


def runs_of(mask: np.ndarray) -> list[tuple[int, int]]:
    """Half-open ranges of consecutive true values of bool (N,), ascending."""
    edges = np.flatnonzero(np.diff(np.pad(mask, 1).astype(np.int8))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))

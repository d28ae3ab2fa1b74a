"""Ways to damage a media file's bytes."""

import re
from collections.abc import Callable, Iterator

import numpy as np

_HEADER_BYTES = 4096
_FIELD_NAME = re.compile(rb"[a-z][a-zA-Z0-9]{3}")  # of boxes in MP4 and of chunks in AVI
_ABSURD = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0)


def mutate(data: bytes, kind: str, rng: np.random.Generator) -> bytes:
    """A mutated copy of a file's bytes."""
    changed = np.frombuffer(data, np.uint8).copy()
    MUTATIONS[kind](changed, rng)
    keep = int(rng.integers(1, len(data))) if kind == "truncated" else len(data)
    return changed[:keep].tobytes()


def _flip(data: np.ndarray, rng: np.random.Generator) -> None:
    places = rng.integers(0, len(data), int(rng.integers(1, 200)))
    data[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)


def _zero(data: np.ndarray, rng: np.random.Generator) -> None:
    start, end = np.sort(rng.integers(0, len(data) + 1, 2))
    data[start : min(end, start + len(data) // 4)] = 0


def _garble_header(data: np.ndarray, rng: np.random.Generator) -> None:
    places = rng.integers(0, min(_HEADER_BYTES, len(data)), int(rng.integers(1, 24)))
    data[places] = rng.integers(0, 256, len(places))


def _absurd_sizes(data: np.ndarray, rng: np.random.Generator) -> None:
    """Absurd numbers in the 4 bytes before some field names, which hold a size in MP4, or in the 24 after them."""
    for place in rng.choice(list(_field_places(data)), int(rng.integers(1, 6))):
        start = int(place) + int(rng.choice([-4, *range(4, 28, 4)]))
        value = np.frombuffer(int(rng.choice(_ABSURD)).to_bytes(4, "big"), np.uint8)
        if 0 <= start <= len(data) - 4:
            data[start : start + 4] = value


def _swap_blocks(data: np.ndarray, rng: np.random.Generator) -> None:
    size = int(rng.integers(1, max(2, len(data) // 8)))
    first, second = rng.integers(0, max(1, len(data) - size), 2)
    kept = data[first : first + size].copy()
    data[first : first + size] = data[second : second + size]
    data[second : second + size] = kept


def _field_places(data: np.ndarray) -> Iterator[int]:
    """Where field names stand in the first and last 64 KiB, which hold the headers; byte 4 at least."""
    yield 4
    edge = 1 << 16
    for begin in sorted({0, max(0, len(data) - edge)}):
        yield from (begin + one.start() for one in _FIELD_NAME.finditer(data[begin : begin + edge].tobytes()))


MUTATIONS: dict[str, Callable[[np.ndarray, np.random.Generator], None]] = {
    "truncated": lambda data, rng: None,
    "flipped": _flip,
    "zeroed": _zero,
    "header": _garble_header,
    "absurd": _absurd_sizes,
    "swapped": _swap_blocks,
}
"""Kind of mutation -> what it does to the bytes in place."""

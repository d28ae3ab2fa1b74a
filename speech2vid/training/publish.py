"""Files that are complete or absent: written under another name first, then renamed."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is complete or absent."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content)
    os.replace(partial, path)


@contextlib.contextmanager
def published_last(path: Path) -> Iterator[Path]:
    """Give another path to write to, and rename it to `path` when the block ends without an error.

    A trainer writes its network, record and card in such a block: a network that is there has its record and card.
    """
    partial = path.with_name(f"{path.name}.part")
    yield partial
    os.replace(partial, path)

"""The largest size that a folder had meanwhile."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

_INTERVAL_S = 0.5


class PeakSize:
    """Looks at a folder while the body of `with` runs; a thread of its own does."""

    def __init__(self, folder: Path) -> None:
        """The folder need not exist."""
        self.bytes = 0
        self._folder = folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(_INTERVAL_S):
            self.bytes = max(self.bytes, _size_bytes(self._folder))


def _size_bytes(folder: Path) -> int:
    size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # removed meanwhile
                size += os.path.getsize(os.path.join(where, name))
    return size

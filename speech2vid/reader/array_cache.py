"""A bounded cache of arrays: in memory first, then in a folder, where later processes find them too."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

_IN_MEMORY_BYTES = 256 << 20  # of speech features, two and a half hours of clips


class ArrayCache:
    """Arrays by name. Pickling leaves out what is in memory."""

    def __init__(self, folder: Path | None = None, max_bytes: int = 0, memory_bytes: int = _IN_MEMORY_BYTES) -> None:
        """Keep at most about max_bytes in the folder, in all; the folder may be removed at any time between runs."""
        self._folder, self._max_bytes, self._memory_bytes = folder, max_bytes, memory_bytes
        self._arrays: dict[str, np.ndarray] = {}
        self._bytes, self._folder_bytes = 0, -1

    def __reduce__(self) -> tuple:
        """Pickle as a new object with nothing in memory."""
        return ArrayCache, (self._folder, self._max_bytes, self._memory_bytes)

    def get(self, name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of this name, which is a file name; it is made where there is none yet."""
        if name in self._arrays:
            return self._arrays[name]
        path = None if self._folder is None else self._folder / f"{name}.npy"
        if path is not None and path.exists():
            return np.load(path, mmap_mode="r")
        array = make()
        if self._bytes + array.nbytes <= self._memory_bytes:
            self._arrays[name] = array
            self._bytes += array.nbytes
        elif path is not None:
            self._store(path, array)
        return array

    def _store(self, path: Path, array: np.ndarray) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._folder_bytes < 0:
            self._folder_bytes = sum(entry.stat().st_size for entry in os.scandir(path.parent))
        if self._folder_bytes + array.nbytes > self._max_bytes:
            return
        partial = path.with_suffix(f".{os.getpid()}.part")  # several processes may make the same
        with open(partial, "wb") as file:
            np.save(file, array)
        os.replace(partial, path)
        self._folder_bytes += array.nbytes

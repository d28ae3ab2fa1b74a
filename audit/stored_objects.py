"""The objects of a dataset in a folder or a store: their hashes, where links lead, which of them are not listed."""

import hashlib
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from schemas.generations import DATASET, OWNER, PAGES, RUN_RECORD, STAGING, UNFINISHED, generation_of
from schemas.object_names import is_data
from schemas.stored.answers import answering

_BESIDE = (DATASET, STAGING, OWNER, "shards", "manifests", *PAGES)  # what a build leaves
_READ_BYTES = 1 << 20
_CLEANING = ", as of a run that another one overtook: `talkshard clean` removes it once it is older than --older_than"


class StoredObjects:
    """Objects below a dataset, from a folder or any store that fsspec reads."""

    def __init__(self, output: str) -> None:
        """`output` is a folder or a URL."""
        self._store, root = fsspec.url_to_fs(output)
        self._root = root.rstrip("/")

    @contextmanager
    def reading(self, path: str) -> Iterator[BinaryIO]:
        """The object as a stream that seeks. OSError: it cannot be read. StorageError: the store does not answer."""
        with answering(self._store, path), self._store.open(f"{self._root}/{path}", "rb") as stream:
            yield stream

    def read(self, path: str) -> bytes:
        """The whole of a small object. OSError: it cannot be read. StorageError: the store does not answer."""
        with answering(self._store, path):
            return self._store.cat_file(f"{self._root}/{path}")

    def problems(self, item: dict) -> list[str]:
        """Where an entry's object is not what its entry in dataset.json says; what a link leads to is not followed."""
        path = item["path"]
        if self._leaves(path):
            return [f"{path} is a link that leaves the dataset, and is not followed"]
        try:
            sha256, size_bytes = self._sha256_and_size(path)
        except OSError as error:
            return [f"{path} cannot be read: {error}"]
        if (sha256, size_bytes) == (item["sha256"], item["size_bytes"]):
            return []
        return [f"{path} has sha256 {sha256} and {size_bytes} bytes, not {item['sha256']} and {item['size_bytes']}"]

    def paths(self, folder: str = "") -> Iterator[str]:
        """Every object below the dataset, or below a folder of it."""
        for found in self._store.find(f"{self._root}/{folder}".rstrip("/")):
            yield found[found.index(f"{self._root}/") + len(self._root) + 1 :]

    def strays(self, record: dict) -> Iterator[str]:
        """Objects that dataset.json does not list, and that no build leaves there."""
        with answering(self._store, "the dataset"):
            beside = sorted(found.rstrip("/").rsplit("/", 1)[-1] for found in self._store.ls(self._root, detail=False))
            below = [self._store.find(f"{self._root}/{folder}") for folder in ("shards", "manifests")]
        for name in beside:
            if name not in _BESIDE and not RUN_RECORD.fullmatch(name) and not UNFINISHED.fullmatch(name):
                yield f"{name} is there, but no build writes it beside {DATASET}"
        listed = {item["path"] for item in [*record["shards"], *record["manifests"]]}
        for found in itertools.chain.from_iterable(below):
            path = found[found.index(f"{self._root}/") + len(self._root) + 1 :]
            if path not in listed and not _may_lie_there(path, record):
                yield f"{path} is there, but {DATASET} does not list it{_CLEANING if is_data(path) else ''}"

    def _leaves(self, path: str) -> bool:
        if not isinstance(self._store, LocalFileSystem):
            return False
        root = os.path.realpath(self._root)
        return not os.path.realpath(f"{self._root}/{path}").startswith(f"{root}/")

    def _sha256_and_size(self, path: str) -> tuple[str, int]:
        digest, size_bytes = hashlib.sha256(), 0
        with self.reading(path) as stream:
            while block := stream.read(_READ_BYTES):
                digest.update(block)
                size_bytes += len(block)
        return digest.hexdigest(), size_bytes


def _may_lie_there(path: str, record: dict) -> bool:
    """Whether it is of a generation before the last rewrite, of a run that has not ended well, or half written."""
    if UNFINISHED.fullmatch(path.rsplit("/", 1)[-1]):
        return True
    return is_data(path) and not record["last_rewrite"] <= generation_of(path) <= record["generation"]

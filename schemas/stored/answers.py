"""Errors of stores: each store's client raises its own types, which become one."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec
import pyarrow as pa
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import StorageError, TalkshardError

_EXPECTED = (OSError, ValueError, TalkshardError, pa.ArrowException, tarfile.TarError)


@contextmanager
def answering(store: fsspec.AbstractFileSystem, what: str) -> Iterator[None]:
    """Raise what a store's client raises while `what` is read as StorageError, but for errors of the content."""
    try:
        yield
    except _EXPECTED:
        raise
    except Exception as error:  # each store's client raises its own types
        if isinstance(store, LocalFileSystem):
            raise
        raise StorageError(f"cannot read {what}: its store does not answer ({error})") from error

"""Objects that are replaced only while they are what they were, or never: of several writers at once, one wins."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from schemas.errors import IntegrityError, StorageError, UnreadableSource
from transforms.beam_support import storage
from transforms.beam_support.stores import tried_reading, tried_writing

_ONE_PUT_BYTES = 5 << 30  # S3's limit; an upload in parts has no condition on what is there
_READ_BYTES = 8 << 20
_S3 = ("s3://", "s3a://")


def bytes_or_none(uri: str) -> bytes | None:
    """The whole file; None where there is none."""
    try:
        return storage.read_bytes(uri)
    except UnreadableSource as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            return None
        raise


def replace_unchanged(uri: str, data: bytes, before: bytes | None) -> bool:
    """Write `data` where `uri` still holds `before`, or nothing where that is None; False where it does not.

    A second call with the same data is True, so that an answer that was lost does no harm. On this machine and in S3
    one of several writers wins. In other stores only the first object is written so; later the owner's mark must do.
    """
    if not storage.is_local(uri):
        return _replace_remote(uri, data, before)
    folder = os.path.dirname(storage.path_of(uri)) or "."
    try:
        os.makedirs(folder, exist_ok=True)
        with _alone_in(folder):
            found = bytes_or_none(uri)
            if found == before:
                storage.write_once(uri, data)
            return found in (before, data)
    except OSError as error:
        raise StorageError(f"cannot write {uri!r}: {error.strerror}") from error


@contextmanager
def open_new(uri: str) -> Iterator[BinaryIO]:
    """An object that appears at `uri` whole or not at all, and never in the place of another.

    The same bytes again, as of a step that is run a second time, are no other object. IntegrityError: there is another.
    """
    with storage.open_once(uri, _place_new) as stream:
        yield stream


def _place_new(copy: str, uri: str) -> None:
    """Put a local copy at `uri`."""
    if not storage.is_local(uri):
        try:
            tried_writing(uri, lambda store, path: store.put_file(copy, path, mode="create"))
        except StorageError:
            if not storage.exists(uri):
                raise
            _require_same(copy, uri)
        return
    path = storage.path_of(uri)
    with _alone_in(os.path.dirname(path) or "."):
        if not os.path.lexists(path):
            os.replace(copy, path)
            return
    _require_same(copy, uri)
    os.unlink(copy)


def _require_same(copy: str, uri: str) -> None:
    with storage.reading(copy) as ours, storage.reading(uri) as theirs:
        if _sha256(ours) == _sha256(theirs):
            return
    raise IntegrityError(
        f"another run has written {uri!r} meanwhile, which stays as it is: run the same command again once it has ended"
    )


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_READ_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _replace_remote(uri: str, data: bytes, before: bytes | None) -> bool:
    try:
        condition = {"mode": "create"} if before is None else _unless_changed(uri)
    except UnreadableSource:  # another has deleted it
        return False
    found = bytes_or_none(uri)
    if found != before:
        return found == data
    try:
        tried_writing(uri, lambda store, path: store.pipe_file(path, data, **condition))
    except StorageError:
        found = bytes_or_none(uri)
        if found == before:  # the store is to blame, and not another writer
            raise
        return found == data
    return True


def _unless_changed(uri: str) -> dict[str, Any]:
    """What an upload says so that it replaces only the object that is there now."""
    if not uri.startswith(_S3):
        return {}
    etag = tried_reading(uri, lambda store, path: store.info(path))["ETag"]
    return {"IfMatch": etag, "chunksize": _ONE_PUT_BYTES}


@contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    """Keep other processes of this machine from replacing what is in a folder."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)

"""Local and remote files: local paths as they are, all others through fsspec, tried again while errors may pass.

A uri is a local path (any name the system allows), a percent-encoded `file://` uri, or a url of a store that fsspec
knows. Failed reading raises UnreadableSource, failed writing StorageError; both name the uri. A store that does not
answer is a StorageError, see `stores`.
"""

import io
import os
import posixpath
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from schemas.errors import ChangedSource, LimitExceeded, StorageError, TalkshardError, UnreadableSource
from transforms.beam_support.source_cache import cached_copy
from transforms.beam_support.stores import stamp_of, tried_reading, tried_writing, used_options
from transforms.media.regular_file import is_pipe, require_regular
from transforms.media.source_names import public_uri

_SCHEME = re.compile(r"[a-zA-Z][-a-zA-Z0-9+.]*://")
_GLOB = re.compile(r"[*?\[]")
_FETCH_BYTES = 16 << 20  # of a remote file at once
_READ_AHEAD_BYTES = 1 << 20


def is_local(uri: str) -> bool:
    """Whether the uri names a file of this machine."""
    return uri.startswith("file://") or _SCHEME.match(uri) is None


def path_of(uri: str) -> str:
    """Path of a local uri; bytes that are no UTF-8 become surrogates, as Python has it."""
    if not uri.startswith("file://"):
        return uri
    return os.fsdecode(unquote_to_bytes(uri[len("file://") :]))


def join(base: str, *parts: str) -> str:
    """Uri of `parts` below `base`."""
    return posixpath.join(base, *parts)


def exists(uri: str) -> bool:
    """Whether there is a file at `uri`; for a local uri, a file or a folder."""
    if is_local(uri):
        return os.path.exists(path_of(uri))
    try:
        return _info(uri)["type"] == "file"
    except UnreadableSource as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return False
        raise


def size_bytes(uri: str) -> int:
    """Size of the file at `uri`."""
    with _readable(uri):
        return os.path.getsize(path_of(uri)) if is_local(uri) else _info(uri)["size"]


def version_of(uri: str) -> str:
    """Text that changes when the file at `uri` does: its size and its etag, or time and inode of a local file."""
    if not is_local(uri):
        remote = _info(uri)
        return f"{remote['size']} {stamp_of(remote)}"
    with _readable(uri):
        found = os.stat(path_of(uri))
        return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def open_stream(uri: str) -> BinaryIO:
    """The file's bytes as a readable, seekable stream; the caller closes it."""
    if not is_local(uri):
        return io.BufferedReader(_RemoteFile(uri), _READ_AHEAD_BYTES)
    with _readable(uri):
        require_regular(path_of(uri))
        return open(path_of(uri), "rb")


@contextmanager
def reading(uri: str) -> Iterator[BinaryIO]:
    """The file's bytes as a stream; UnreadableSource where opening or reading fails."""
    with _readable(uri), open_stream(uri) as stream:
        yield stream


def read_bytes(uri: str) -> bytes:
    """The whole file."""
    if not is_local(uri):
        return tried_reading(uri, lambda store, path: store.cat_file(path))
    with reading(uri) as stream:
        return stream.read()


def read_given(uri: str) -> bytes:
    """The whole of a table that the user named, which may be a pipe: it is read to its end."""
    if not (is_local(uri) and is_pipe(path_of(uri))):
        return read_bytes(uri)
    with _readable(uri), open(path_of(uri), "rb") as stream:
        return stream.read()


def read_range(uri: str, offset: int, length: int) -> bytes:
    """`length` bytes from `offset`; fewer at the file's end."""
    with reading(uri) as stream:
        stream.seek(offset)
        return stream.read(length)


def local_path(uri: str) -> str:
    """A path that native decoders can open: that of a local file, or of a copy in this machine's cache.

    LimitExceeded: it took longer than limits.fetch_s to fetch it. ChangedSource: it was written to meanwhile.
    """
    if not is_local(uri):
        version = version_of(uri)
        size = int(version.partition(" ")[0])
        suffix = posixpath.splitext(public_uri(uri))[1]
        return cached_copy(f"{uri}\n{version}", suffix, lambda path: _download(uri, version, path), size)
    with _readable(uri):
        path = path_of(uri)
        require_regular(path)
        with open(path, "rb"):  # a file that is listed may still not be readable
            return path


def list_files(uri: str) -> list[str]:
    """Every file below the folder `uri`, at any depth, sorted; none where there is no such folder."""
    if is_local(uri):
        with _readable(uri):
            return sorted(join(folder, name) for folder, _, names in _walk(path_of(uri)) for name in names)
    root, found = tried_reading(uri, lambda store, path: (path.rstrip("/") + "/", store.find(path, detail=True)))
    below = (path.removeprefix(root) for path in found if path.startswith(root) and not path.endswith("/"))
    return sorted(join(uri.rstrip("/"), name) for name in below)


def list_names(uri: str) -> set[str]:
    """Names of files and folders directly in the folder `uri` of a remote store; none where there is no such folder."""
    try:
        root, found = tried_reading(uri, lambda store, path: (path.rstrip("/"), store.ls(path, detail=False)))
    except UnreadableSource as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return set()
        raise
    return {path.removeprefix(root).strip("/") for path in found} - {""}  # "": what a console makes for a folder


def list_matches(pattern: str) -> list[str]:
    """The files in a remote store that match a glob, sorted."""
    base = pattern[: pattern.rindex("/", 0, _GLOB.search(pattern).start()) + 1]  # type: ignore[union-attr]
    root, _ = tried_reading(base, lambda store, path: (path.rstrip("/") + "/", store))
    found = tried_reading(pattern, lambda store, path: store.glob(path, detail=True))
    return sorted(base + path.removeprefix(root) for path, info in found.items() if info["type"] == "file")


@contextmanager
def open_once(uri: str, place: Callable[[str, str], None] | None = None) -> Iterator[BinaryIO]:
    """A new file that appears at `uri` whole or not at all; of several writers of equal content, the last one wins.

    place(copy, uri): moves or uploads the whole local copy; None: in the place of what is there.
    """
    with writable(uri):
        if not is_local(uri):
            with tempfile.NamedTemporaryFile(prefix="talkshard-") as copy:  # uploaded when whole, as often as it takes
                yield copy  # type: ignore[misc]
                copy.flush()
                (place or _upload)(copy.name, uri)
            return
        path = path_of(uri)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        unfinished = os.path.join(os.path.dirname(path), f".{uuid.uuid4().hex}.tmp")
        try:
            with open(unfinished, "xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())  # a power cut after the rename must not leave an empty file
            (place or _move)(unfinished, uri)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(unfinished)
            raise


def _upload(copy: str, uri: str) -> None:
    tried_writing(uri, lambda store, path: store.put_file(copy, path))


def _move(copy: str, uri: str) -> None:
    os.replace(copy, path_of(uri))


def write_once(uri: str, data: bytes) -> None:
    """Write `data` to `uri`, whole or not at all."""
    with open_once(uri) as stream:
        stream.write(data)


def _walk(path: str) -> Iterator[tuple[str, list[str], list[str]]]:
    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    return os.walk(path, onerror=refuse)


def _info(uri: str) -> dict[str, Any]:
    return tried_reading(uri, lambda store, path: store.info(path))


class _RemoteFile(io.RawIOBase):
    """A remote file, read by ranges; each is tried again by itself."""

    def __init__(self, uri: str):
        self._uri, self._size, self._place = uri, size_bytes(uri), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:
        data = _fetched(self._uri, self._place, min(self._place + len(buffer), self._size))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def _fetched(uri: str, start: int, end: int) -> bytes:
    """Bytes start to end of a remote file."""
    if end <= start:
        return b""
    data = tried_reading(uri, lambda store, path: store.cat_file(path, start=start, end=end))
    if len(data) != end - start:
        raise ChangedSource(
            f"{public_uri(uri)!r} gave {len(data)} bytes from byte {start}, not {end - start}: it changed meanwhile"
        )
    return data


def _download(uri: str, version: str, path: str) -> None:
    """Copy a remote file of a version to a path."""
    size, began, limit_s = int(version.partition(" ")[0]), time.monotonic(), used_options().fetch_s
    with open(path, "r+b") as copy:  # it holds room for all of it
        for start in range(0, size, _FETCH_BYTES):
            copy.write(_fetched(uri, start, min(start + _FETCH_BYTES, size)))
            if time.monotonic() - began > limit_s:
                raise LimitExceeded(
                    f"{public_uri(uri)!r}: to fetch {size} bytes takes longer than limits.fetch_s ({limit_s:g} s)"
                )
    if version_of(uri) != version:
        raise ChangedSource(
            f"{public_uri(uri)!r} changed while it was fetched: build it once nothing writes to it any more"
        )


@contextmanager
def _readable(uri: str) -> Iterator[None]:
    try:
        yield
    except TalkshardError:
        raise
    except OSError as error:
        raise UnreadableSource(f"cannot read {uri!r}: {_reason(error)}") from error


@contextmanager
def writable(uri: str) -> Iterator[None]:
    """Raise the errors of the system in the body as StorageError."""
    try:
        yield
    except TalkshardError:
        raise
    except OSError as error:
        raise StorageError(f"cannot write {uri!r}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    return error.strerror or str(error)

"""Local and remote files: local paths as they are, all others through Beam's FileSystems.

A uri is a local path (any name the system allows), a percent-encoded `file://` uri, or a url of one of Beam's
filesystems. Failed reading raises UnreadableSource, failed writing StorageError; both name the uri.
"""

import os
import posixpath
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from apache_beam.io.filesystem import CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems

from schemas.errors import StorageError, TalkshardError, UnreadableSource
from transforms.beam_support.source_cache import cached_copy
from transforms.media.regular_file import is_pipe, require_regular

_SCHEME = re.compile(r"[a-zA-Z][-a-zA-Z0-9+.]*://")
_COPY_BYTES = 1 << 20


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
    with _readable(uri):
        return FileSystems.exists(uri)


def size_bytes(uri: str) -> int:
    """Size of the file at `uri`."""
    with _readable(uri):
        return os.path.getsize(path_of(uri)) if is_local(uri) else _metadata(uri).size_in_bytes


def version_of(uri: str) -> str:
    """Text that changes when the file at `uri` does: size, time of the last change, and inode of a local file."""
    with _readable(uri):
        if is_local(uri):
            found = os.stat(path_of(uri))
            return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"
        remote = _metadata(uri)
        return f"{remote.size_in_bytes} {remote.last_updated_in_seconds}"


def open_stream(uri: str) -> BinaryIO:
    """The file's bytes as a readable, seekable stream; the caller closes it."""
    with _readable(uri):
        if is_local(uri):
            require_regular(path_of(uri))
            return open(path_of(uri), "rb")
        return FileSystems.open(uri, compression_type=CompressionTypes.UNCOMPRESSED)


@contextmanager
def reading(uri: str) -> Iterator[BinaryIO]:
    """The file's bytes as a stream; UnreadableSource where opening or reading fails."""
    with _readable(uri), open_stream(uri) as stream:
        yield stream


def read_bytes(uri: str) -> bytes:
    """The whole file."""
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
    """A path that native decoders can open: that of a local file, or of a copy in this machine's cache."""
    with _readable(uri):
        if is_local(uri):
            path = path_of(uri)
            require_regular(path)
            with open(path, "rb"):  # a file that is listed may still not be readable
                return path
        found = _metadata(uri)
        version = f"{uri}\n{found.size_in_bytes}\n{found.last_updated_in_seconds}"
        return cached_copy(version, posixpath.splitext(uri)[1], lambda path: _download(uri, path))


def list_files(uri: str) -> list[str]:
    """Every file below the folder `uri`, at any depth, sorted; none where there is no such folder."""
    if is_local(uri):
        with _readable(uri):
            return sorted(join(folder, name) for folder, _, names in _walk(path_of(uri)) for name in names)
    literal = re.sub(r"([\[*?])", r"[\1]", uri.rstrip("/"))  # the only way to quote in Beam's patterns
    with _readable(uri):
        return sorted(found.path for found in FileSystems.match([f"{literal}/**"])[0].metadata_list)


@contextmanager
def open_once(uri: str) -> Iterator[BinaryIO]:
    """A new file that appears at `uri` whole or not at all; of several writers of equal content, the last one wins."""
    with _writable(uri):
        if not is_local(uri):
            with FileSystems.create(uri, compression_type=CompressionTypes.UNCOMPRESSED) as stream:
                yield stream  # an object store shows an object only once it is closed
            return
        path = path_of(uri)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        unfinished = os.path.join(os.path.dirname(path), f".{uuid.uuid4().hex}.tmp")
        try:
            with open(unfinished, "xb") as stream:
                yield stream
            os.replace(unfinished, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(unfinished)
            raise


def write_once(uri: str, data: bytes) -> None:
    """Write `data` to `uri`, whole or not at all."""
    with open_once(uri) as stream:
        stream.write(data)


def delete_tree(uri: str) -> None:
    """Delete the folder `uri` with everything below it, if it exists."""
    with _writable(uri):
        if is_local(uri):
            with suppress(FileNotFoundError):
                shutil.rmtree(path_of(uri))
        elif found := list_files(uri):
            FileSystems.delete(found)


def delete_files(uris: list[str]) -> None:
    """Delete files, all of which exist."""
    for uri in uris:
        with _writable(uri):
            if is_local(uri):
                os.unlink(path_of(uri))
            else:
                FileSystems.delete([uri])


def _walk(path: str) -> Iterator[tuple[str, list[str], list[str]]]:
    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    return os.walk(path, onerror=refuse)


def _metadata(uri: str) -> FileMetadata:
    return FileSystems.get_filesystem(uri).metadata(uri)


def _download(uri: str, path: str) -> None:
    with open_stream(uri) as source, open(path, "wb") as copy:
        shutil.copyfileobj(source, copy, _COPY_BYTES)


@contextmanager
def _readable(uri: str) -> Iterator[None]:
    try:
        yield
    except TalkshardError:
        raise
    except OSError as error:
        raise UnreadableSource(f"cannot read {uri!r}: {_reason(error)}") from error
    except Exception as error:  # each remote client raises its own types
        if is_local(uri):
            raise
        raise UnreadableSource(f"cannot read {uri!r}: {error}") from error


@contextmanager
def _writable(uri: str) -> Iterator[None]:
    try:
        yield
    except TalkshardError:
        raise
    except OSError as error:
        raise StorageError(f"cannot write {uri!r}: {_reason(error)}") from error
    except Exception as error:
        if is_local(uri):
            raise
        raise StorageError(f"cannot write {uri!r}: {error}") from error


def _reason(error: OSError) -> str:
    return error.strerror or str(error)

"""What is read is what was hashed: a file that is written to during the run is a failure, never a mixture."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import ChangedSource
from schemas.records import Source
from transforms.beam_support import storage
from transforms.media.source_names import public_uri

_READ_BYTES = 1 << 20
_same_content: set[tuple[str, str, str]] = set()  # (uri, version, sha256) that were hashed again, in this process


def hash_content(uri: str) -> tuple[str, int]:
    """sha256 and size in bytes of a file, read in blocks. UnreadableSource: it is missing or cannot be read.

    Of a remote file the copy in the cache is read, which later stages use.
    """
    digest, size_bytes = hashlib.sha256(), 0
    with storage.reading(uri if storage.is_local(uri) else storage.local_path(uri)) as stream:
        while block := stream.read(_READ_BYTES):
            digest.update(block)
            size_bytes += len(block)
    return digest.hexdigest(), size_bytes


def hash_unchanged(uri: str) -> tuple[str, int, str]:
    """sha256, size in bytes and version of a file; ChangedSource where it is written to meanwhile."""
    version = storage.version_of(uri)
    sha256, size_bytes = hash_content(uri)
    if storage.version_of(uri) != version:
        raise ChangedSource(
            f"{public_uri(uri)!r} changed while it was hashed: build it once nothing writes to it any more"
        )
    return sha256, size_bytes, version


@contextmanager
def unchanged(source: Source) -> Iterator[None]:
    """ChangedSource, whatever else happens, where the source's file is not the one that was hashed, before or after."""
    _require_unchanged(source)
    try:
        yield
    finally:
        _require_unchanged(source)


def _require_unchanged(source: Source) -> None:
    if not source.version:
        return
    uri = source.source_uri
    version = storage.version_of(uri)
    known = (uri, version, source.content_sha256)
    if version == source.version or known in _same_content:
        return
    if hash_unchanged(uri)[0] != source.content_sha256:  # a new time or inode alone is no other content
        raise ChangedSource(
            f"{public_uri(uri)!r} is not the file that was hashed: build it once nothing writes to it any more"
        )
    _same_content.add(known)

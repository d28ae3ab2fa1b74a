"""What listings say of files without asking for each: sizes, times and etags."""

import os
import posixpath
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from schemas.errors import UnreadableSource
from transforms.beam_support.storage import is_local, join, list_files, path_of, version_of
from transforms.beam_support.stores import modified_of, stamp_of, tried_reading

_MAX_LISTINGS = 16  # at a time


class FileFacts(NamedTuple):
    """What a listing says of a file."""

    size_bytes: int
    modified_s: float | None  # seconds since 1970; None: the store does not say


def list_facts(uri: str) -> dict[str, FileFacts]:
    """Every file below the folder `uri`, by one listing; in a store it may lack what was written just now."""
    base = uri.rstrip("/")
    if is_local(uri):
        folder = path_of(base)
        found_here = ((path, _local_facts(path)) for path in list_files(folder))
        return {join(base, os.path.relpath(path, folder)): facts for path, facts in found_here if facts}
    root, found = tried_reading(uri, lambda store, path: (path.rstrip("/") + "/", store.find(path, detail=True)))
    return {
        join(base, path.removeprefix(root)): FileFacts(info["size"], modified_of(info))
        for path, info in found.items()
        if path.startswith(root) and not path.endswith("/")
    }


def list_sizes(uri: str) -> dict[str, int]:
    """Size of every file below the folder `uri`, see `list_facts`."""
    return {name: facts.size_bytes for name, facts in list_facts(uri).items()}


def listed_versions(uris: Sequence[str]) -> list[str]:
    """Size and time or etag of each file, of remote ones by listing the folders that they are in; "": not known.

    An http server lists nothing. What is not there, or may not be read, has none either.
    """
    folders: dict[str, list[str]] = {}
    for uri in uris:
        if not (is_local(uri) or uri.startswith(("http:", "https:"))):
            folders.setdefault(posixpath.dirname(uri), []).append(uri)
    with ThreadPoolExecutor(_MAX_LISTINGS) as threads:
        remote = {
            uri: version for found in threads.map(_versions_in, folders, folders.values()) for uri, version in found
        }
    return [_local_version(path_of(uri)) if is_local(uri) else remote.get(uri, "") for uri in uris]


def _local_facts(path: str) -> FileFacts | None:
    """Facts of a file; None where it is gone since it was listed, as what another process has written may be."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return FileFacts(found.st_size, found.st_mtime)


def _local_version(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"


def _versions_in(folder: str, uris: list[str]) -> list[tuple[str, str]]:
    try:
        found = tried_reading(folder, lambda store, path: store.ls(path, detail=True))
    except UnreadableSource:  # files may be readable in a folder that may not be listed
        return [(uri, _remote_version(uri)) for uri in uris]
    return [(join(folder, posixpath.basename(one["name"])), f"{one['size']} {stamp_of(one)}") for one in found]


def _remote_version(uri: str) -> str:
    try:
        return version_of(uri)
    except UnreadableSource:
        return ""

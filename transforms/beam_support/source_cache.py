"""A bounded cache of remote files on this machine, shared by its processes; the least recently used are evicted.

Room is made before a file is fetched, so the folder never holds more than TALKSHARD_CACHE_MB. A file in use is not
evicted: where those in use leave no room, a process waits for one, and after WAIT_S fails with what to change.
"""

import fcntl
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import StorageError

CACHE_LIMIT_BYTES = int(os.environ.get("TALKSHARD_CACHE_MB", "8000")) * 1_000_000
WAIT_S = 600.0  # for room
CACHED = re.compile(r"(?:/[^\s'\"]*)?/[0-9a-f]{32}\.cached(?:\.[^\s'\":]*)?")
"""The path of a copy, in a message."""
_PART = ".part"  # suffix of a file that is being fetched
_held: dict[str, int] = {}  # path -> descriptor with a shared lock: a decoder opens a path again


def cache_folder() -> Path:
    """Folder of the copies: $TALKSHARD_CACHE, else one below the machine's temporary folder."""
    default = Path(tempfile.gettempdir()) / f"talkshard-cache-{os.getuid()}"
    return Path(os.environ.get("TALKSHARD_CACHE") or default)


def cached_copy(
    version: str, suffix: str, download: Callable[[str], None], size_bytes: int, limit_bytes: int = CACHE_LIMIT_BYTES
) -> str:
    """Path of the copy of one version of a file, which `download(path)` makes if there is none yet.

    It is in use, and not evicted, until `release`. StorageError: the file has no room in the cache.
    """
    folder = cache_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / (
        hashlib.sha256(version.encode(errors="surrogateescape")).hexdigest()[:32] + ".cached" + suffix[:16]
    )
    if str(path) not in _held:
        _fetch(path, download, size_bytes, limit_bytes)
    os.utime(path)
    return str(path)


def release() -> None:
    """This process uses no copy any more: others may evict them."""
    while _held:
        os.close(_held.popitem()[1])


def _fetch(path: Path, download: Callable[[str], None], size_bytes: int, limit_bytes: int) -> None:
    """Download the file unless another process has, and hold a shared lock on the copy from then on."""
    while True:
        lock = _locked(path, fcntl.LOCK_SH)
        if path.exists():
            _held[str(path)] = lock
            return
        os.close(lock)
        lock = _locked(path, fcntl.LOCK_EX)
        try:
            if not path.exists():
                _download(path, download, size_bytes, limit_bytes)
        finally:
            os.close(lock)  # another process may evict the copy before it is held, so look again


def _download(path: Path, download: Callable[[str], None], size_bytes: int, limit_bytes: int) -> None:
    """Make the copy, with its lock held alone."""
    unfinished = path.with_name(path.name + _PART)
    try:
        _make_room(unfinished, size_bytes, limit_bytes)
        download(str(unfinished))
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        _lock_path(path).unlink()
        raise


def _make_room(unfinished: Path, size_bytes: int, limit_bytes: int) -> None:
    """Take room for a file, which its size then occupies; evicts what is in no use, and waits where that is too little.

    One process at a time makes room, so that two do not take the same.
    """
    ends_at = time.monotonic() + WAIT_S
    while True:
        with _only_one(unfinished.parent):
            if _evict(unfinished.parent, limit_bytes - size_bytes) <= 0:
                with open(unfinished, "wb") as file:
                    file.truncate(size_bytes)
                return
        if time.monotonic() > ends_at or size_bytes > limit_bytes:
            raise StorageError(
                f"no room for {size_bytes / 1e6:.0f} MB in the cache {unfinished.parent}, which is limited to "
                f"{limit_bytes / 1e6:.0f} MB: set TALKSHARD_CACHE_MB to more than the files that all processes use"
            )
        else:
            time.sleep(1.0)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _evict(folder: Path, limit_bytes: int) -> int:
    """Delete the least recently used files that no process holds until the others fit; bytes by which they do not.

    What a killed download left is such a file: it holds no lock.
    """
    copies = []
    for path in folder.iterdir():
        if path.suffix != ".lock" and path.name != ".lock":
            try:
                found = path.stat()
            except FileNotFoundError:  # another process evicts too
                continue
            copies.append((found.st_mtime, path, found.st_size))
    excess = sum(size for _, _, size in copies) - limit_bytes
    for _, path, size in sorted(copies):
        if excess <= 0:
            break
        if _delete_unheld(path):
            excess -= size
    return excess


def _delete_unheld(path: Path) -> bool:
    copy = path.with_name(path.name.removesuffix(_PART))
    try:
        lock = _locked(copy, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    try:
        path.unlink(missing_ok=True)
        _lock_path(copy).unlink()  # a folder of the locks of all files that ever were takes ever longer to look through
        return True
    finally:
        os.close(lock)


def _locked(path: Path, how: int) -> int:
    """Descriptor of the locked file of a copy's lock. It goes with the copy, so what was waited for may be gone."""
    while True:
        lock = os.open(_lock_path(path), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, how)
            if _has_name(lock, _lock_path(path)):
                return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)


def _has_name(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")

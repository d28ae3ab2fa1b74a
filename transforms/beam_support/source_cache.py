"""A bounded cache of remote files on this machine, shared by its processes; the least recently used are evicted."""

import fcntl
import hashlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

CACHE_LIMIT_BYTES = int(os.environ.get("TALKSHARD_CACHE_MB", "8000")) * 1_000_000
_MAX_HELD_FILES = 4  # the last files that a process asked for are not evicted: a decoder opens a path again
_held: OrderedDict[str, int] = OrderedDict()  # path -> descriptor with a shared lock


def cache_folder() -> Path:
    """Folder of the copies: $TALKSHARD_CACHE, else one below the machine's temporary folder."""
    default = Path(tempfile.gettempdir()) / f"talkshard-cache-{os.getuid()}"
    return Path(os.environ.get("TALKSHARD_CACHE") or default)


def cached_copy(
    version: str, suffix: str, download: Callable[[str], None], limit_bytes: int = CACHE_LIMIT_BYTES
) -> str:
    """Path of the copy of one version of a file, which `download(path)` makes if there is none yet."""
    folder = cache_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / (hashlib.sha256(version.encode()).hexdigest()[:32] + suffix[:16])
    if str(path) not in _held:
        _fetch(path, download)
        _evict(folder, limit_bytes)
    _held.move_to_end(str(path))
    os.utime(path)
    return str(path)


def _fetch(path: Path, download: Callable[[str], None]) -> None:
    """Download the file unless another process has, and hold a shared lock on the copy from then on."""
    lock = _lock_file(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        while not path.exists():
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                unfinished = path.with_name(path.name + ".part")
                download(str(unfinished))
                os.replace(unfinished, path)
            fcntl.flock(lock, fcntl.LOCK_SH)  # not atomic: another process may evict in between, so check again
    except BaseException:
        os.close(lock)
        raise
    _held[str(path)] = lock
    while len(_held) > _MAX_HELD_FILES:
        os.close(_held.popitem(last=False)[1])


def _evict(folder: Path, limit_bytes: int) -> None:
    """Delete the least recently used copies that no process holds, until the others fit."""
    copies = []
    for path in folder.iterdir():
        if path.suffix not in (".lock", ".part"):
            try:
                found = path.stat()
            except FileNotFoundError:  # another process evicts too
                continue
            copies.append((found.st_mtime, path, found.st_size))
    excess = sum(size for _, _, size in copies) - limit_bytes
    for _, path, size in sorted(copies):
        if excess <= 0:
            return
        if _delete_unheld(path):
            excess -= size


def _delete_unheld(path: Path) -> bool:
    lock = _lock_file(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(lock)


def _lock_file(path: Path) -> int:
    # Lock files are never deleted: while another process waits for one, that would make two locks of one name.
    return os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)

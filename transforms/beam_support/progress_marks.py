"""Progress marks in staging: an empty file for what a stage made of one source or window, with counts in its name.

Runners report counters only at the end of a run. So every stage leaves these files, in local staging and in a store
alike, and to know how far a run is means to list them. Of several marks of one element, as of one that was tried again,
the latest counts.
"""

import functools
import itertools
import time
import zlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from schemas.errors import StorageError
from transforms.beam_support import storage
from transforms.beam_support.stores import tried_writing

FOLDER = "progress"
_PARTS = 16  # of the folder: no reader needs the names of more than one at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressMark:
    """What one stage made of one source or of one of its windows."""

    stage: str
    source_id: str
    window_index: int = -1  # -1: the whole source
    left_msec: int = 0  # since 1970, UTC; set by `leave_mark`
    failed: int = 0  # 1: it failed
    dropped: int = 0  # sources, windows, tracks, turns or clips that a rule dropped
    windows: int = 0  # windows with speech
    frames: int = 0  # timeline frames of these windows, or of this window
    tracks: int = 0
    clips: int = 0  # below 0: that were dropped later


def leave_mark(staging: str, mark: ProgressMark) -> None:
    """Leave a mark; none where `staging` is "". StorageError: staging cannot be written."""
    if staging:
        left = replace(mark, left_msec=time.time_ns() // 1_000_000)
        _leave_empty(storage.join(_part(staging, _part_of(mark.source_id)), "_".join(map(str, astuple(left)))))


def read_marks(staging: str) -> Iterator[ProgressMark]:
    """The latest mark of each stage and source or window so far; none where there are none."""
    for part in range(_PARTS):
        names = sorted(uri.rpartition("/")[2] for uri in storage.list_files(_part(staging, part)))
        for _, marks in itertools.groupby(map(_parsed, names), _element):
            yield max(marks, key=_time)


def _leave_empty(uri: str) -> None:
    """Leave an empty file, which needs no care to be whole: a kill before its name leaves none."""
    if not storage.is_local(uri):
        tried_writing(uri, lambda store, path: store.pipe_file(path, b""))
        return
    path = Path(storage.path_of(uri))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise StorageError(f"cannot write {uri!r}: {error.strerror}") from error


def _part_of(source_id: str) -> int:
    return zlib.crc32(source_id.encode()) % _PARTS


def _part(staging: str, part: int) -> str:
    return storage.join(staging, FOLDER, f"{part:x}")


def _element(mark: ProgressMark) -> tuple[str, str, int]:
    return mark.stage, mark.source_id, mark.window_index


def _time(mark: ProgressMark) -> tuple[int, int]:
    return mark.left_msec, mark.failed


@functools.lru_cache(maxsize=100_000)  # a display reads the same names again and again
def _parsed(name: str) -> ProgressMark:
    stage, source_id, *numbers = name.split("_")
    window_index, left_msec, failed, dropped, windows, frames, tracks, clips = map(int, numbers)
    return ProgressMark(
        stage=stage,
        source_id=source_id,
        window_index=window_index,
        left_msec=left_msec,
        failed=failed,
        dropped=dropped,
        windows=windows,
        frames=frames,
        tracks=tracks,
        clips=clips,
    )

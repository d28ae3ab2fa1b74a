"""Progress marks in staging: an empty file for each prepared source and each finished window, with counts in its name.

Worker processes report counters only at the end of a run, so the launcher reads these files instead. They are written
in local staging only: a remote runner shows progress on its own page. A window that is retried writes its mark again.
"""

import os
from dataclasses import dataclass
from pathlib import Path

FOLDER = "progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMark:
    """One source was prepared, decided or failed."""

    source_id: str
    num_windows: int  # 0 when it ended here
    num_frames: int  # timeline frames to be followed, 25 a second
    failed: int  # 1 when it failed


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowMark:
    """One window ended, as clips, decisions or a failure."""

    window_id: str
    num_frames: int  # timeline frames
    tracks: int
    clips: int
    dropped: int  # tracks, turns or clips dropped by a rule
    failed: int  # 1 when the window failed


def mark_source(staging: str, mark: SourceMark) -> None:
    """Leave a mark for one source. OSError when local staging cannot be written."""
    _touch(staging, f"s_{mark.source_id}", f"_{mark.num_windows}_{mark.num_frames}_{mark.failed}")


def mark_window(staging: str, mark: WindowMark) -> None:
    """Leave a mark for one window. OSError when local staging cannot be written."""
    counts = (mark.num_frames, mark.tracks, mark.clips, mark.dropped, mark.failed)
    _touch(staging, f"w_{mark.window_id}", "".join(f"_{count}" for count in counts))


def read_marks(staging: str) -> list[SourceMark | WindowMark]:
    """All marks so far, one for each source and window; none before the folder is there, or after it went."""
    try:
        names = sorted(os.listdir(Path(staging, FOLDER)))
    except FileNotFoundError:
        return []
    return [_parsed(name) for name in {name.rsplit("_", name.count("_") - 1)[0]: name for name in names}.values()]


def _parsed(name: str) -> SourceMark | WindowMark:
    kind, ident, *counts = name.split("_")
    numbers = [int(count) for count in counts]
    if kind == "s":
        return SourceMark(source_id=ident, **dict(zip(("num_windows", "num_frames", "failed"), numbers, strict=True)))
    fields = ("num_frames", "tracks", "clips", "dropped", "failed")
    return WindowMark(window_id=ident, **dict(zip(fields, numbers, strict=True)))


def _touch(staging: str, stem: str, counts: str) -> None:
    if "://" in staging:
        return
    folder = Path(staging, FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    Path(folder, stem + counts).touch()

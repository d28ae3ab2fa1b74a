"""Progress marks in staging: an empty file for what a stage made of one source or window, with counts in its name.

Worker processes report counters only at the end of a run, so the launcher reads these files instead. They are written
in local staging only: a remote runner shows progress on its own page. A retried element replaces its mark.
"""

import functools
import os
from dataclasses import astuple, dataclass
from pathlib import Path

FOLDER = "progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressMark:
    """What one stage made of one source or of one of its windows."""

    stage: str
    source_id: str
    window_index: int = -1  # -1: the whole source
    failed: int = 0  # 1: it failed
    dropped: int = 0  # sources, windows, tracks, turns or clips that a rule dropped
    windows: int = 0  # windows with speech
    frames: int = 0  # timeline frames of these windows, or of this window
    tracks: int = 0
    clips: int = 0


def leave_mark(staging: str, mark: ProgressMark) -> None:
    """Leave a mark; nothing in remote staging, or without any. OSError when local staging cannot be written."""
    if not staging or "://" in staging:
        return
    folder = Path(staging, FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    Path(folder, "_".join(map(str, astuple(mark)))).touch()


def read_marks(staging: str) -> list[ProgressMark]:
    """All marks so far, one for each stage and source or window; none where the folder does not exist."""
    try:
        names = sorted(os.listdir(Path(staging, FOLDER)))
    except FileNotFoundError:
        return []
    marks = [_parsed(name) for name in names]
    return list({(mark.stage, mark.source_id, mark.window_index): mark for mark in marks}.values())


@functools.lru_cache(maxsize=100_000)  # a display reads the same names again every second
def _parsed(name: str) -> ProgressMark:
    stage, source_id, *numbers = name.split("_")
    window_index, failed, dropped, windows, frames, tracks, clips = map(int, numbers)
    return ProgressMark(
        stage=stage,
        source_id=source_id,
        window_index=window_index,
        failed=failed,
        dropped=dropped,
        windows=windows,
        frames=frames,
        tracks=tracks,
        clips=clips,
    )

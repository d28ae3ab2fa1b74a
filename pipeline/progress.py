"""Progress of a run, read from the marks that stages leave in staging: one line on a terminal, else log lines."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from pipeline.logs import tell
from schemas.clock import FRAME_RATE
from schemas.errors import TalkshardError
from transforms.beam_support import storage
from transforms.beam_support.log_records import is_json
from transforms.beam_support.progress_marks import ProgressMark, read_marks
from transforms.faces.stage import STAGE as TRACK_FACES
from transforms.windows.split_windows import STAGE as SPLIT_WINDOWS

LOG_INTERVAL_S = 30.0
READ_INTERVAL_S = 0.5  # on a terminal
STORE_INTERVAL_S = 15.0  # where the marks are in a store, which bills each listing
MIN_RATE_S = 5.0  # of tracking, before a rate says anything
RATE_WINDOW_S = 900.0  # the rate is that of these last seconds: workers come and go
_MAX_READ_SHARE = 0.05  # of the time, spent on reading marks: it costs more the more windows there are


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run has come."""

    num_inputs: int
    sources: int  # prepared, dropped or failed
    windows: int  # tracked or failed
    num_windows: int  # of the sources so far
    tracks: int
    clips: int
    dropped: int  # sources, windows, tracks, turns and clips, as the funnel counts them
    failed: int  # as many as rows of the failures table
    frames: int  # timeline frames of tracked windows
    num_frames: int  # of the sources so far
    recent_frames: int  # of windows tracked in the last `recent_s`
    recent_s: float  # since the last source was split, at most RATE_WINDOW_S: tracking waits for all sources
    last_s: float  # time of the latest mark, in seconds since 1970, UTC; 0: there is none

    @property
    def rate(self) -> float | None:
        """Seconds of video tracked per second; None before that is known, and once all windows are tracked."""
        if not self.recent_frames or self.recent_s < MIN_RATE_S or self.windows >= self.num_windows:
            return None
        return self.recent_frames / FRAME_RATE / self.recent_s

    @property
    def left_s(self) -> float | None:
        """Seconds of tracking left at this rate; None while that is not known."""
        if self.rate is None or self.sources < self.num_inputs:
            return None
        return max(0, self.num_frames - self.frames) / FRAME_RATE / self.rate

    def line(self) -> str:
        """The progress as one line."""
        left = "" if self.left_s is None else f" · {clock_text(self.left_s)} left"
        rate = "" if self.rate is None else f" · {self.rate:.1f} s of video per s"
        return (
            f"sources {self.sources}/{self.num_inputs} · windows {self.windows}/{self.num_windows}{left} · "
            f"tracks {self.tracks} · clips {self.clips} · dropped {self.dropped} · failed {self.failed}{rate}"
        )


def progress_of(marks: Iterable[ProgressMark], num_inputs: int, now_s: float) -> Progress:
    """Add up marks, as of a time in seconds since 1970.

    Inputs with the same content are one source, so there may be fewer sources than inputs.
    """
    sums: Counter[str] = Counter()
    sources, split_s, last_s = set(), 0.0, 0.0
    for mark in marks:
        left_s = mark.left_msec / 1000
        last_s = max(last_s, left_s)
        sums.update(clips=mark.clips, dropped=mark.dropped, failed=mark.failed)
        if mark.window_index < 0:
            sources.add(mark.source_id)
        if mark.stage == SPLIT_WINDOWS:
            split_s = max(split_s, left_s)
            sums.update(num_windows=mark.windows, num_frames=mark.frames)
        if mark.stage == TRACK_FACES:
            is_recent = left_s >= now_s - RATE_WINDOW_S
            sums.update(windows=1, tracks=mark.tracks, frames=mark.frames, recent_frames=mark.frames * is_recent)
    names = ("windows", "num_windows", "tracks", "clips", "dropped", "failed", "frames", "num_frames", "recent_frames")
    return Progress(
        # Tracking begins only when all sources are split: by then every source has its mark.
        num_inputs=len(sources) if sums["windows"] else num_inputs,
        sources=len(sources),
        recent_s=min(RATE_WINDOW_S, max(0.0, now_s - split_s)) if split_s else 0.0,
        last_s=last_s,
        **{name: sums[name] for name in names},
    )


def read_progress(staging: str, num_inputs: int) -> Progress:
    """How far the run with this staging is now."""
    return progress_of(read_marks(staging), num_inputs, time.time())


class ProgressDisplay:
    """Shows a run's progress while the body of `with` runs; a thread of its own reads the marks."""

    def __init__(
        self, staging: str, num_inputs: int, stream: TextIO, also: Callable[[Progress], None] | None = None
    ) -> None:
        """Show the progress of a run with this staging folder or url on this stream. also: called with each reading."""
        self._staging, self._num_inputs, self._also = staging, num_inputs, also
        self._console = Console(file=stream)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
        self._began_at = time.monotonic()

    def __enter__(self) -> Self:
        """Begin to show."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop when the last state was shown."""
        self._stop.set()
        self._thread.join()

    def _show(self) -> None:
        if self._console.is_terminal and not is_json():
            self._show_live()
        else:
            self._show_lines()

    def _show_live(self) -> None:
        interval_s = READ_INTERVAL_S if storage.is_local(self._staging) else STORE_INTERVAL_S
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            stopped = False
            while not stopped:
                stopped = self._stop.is_set()  # asked before the marks are read: the last reading finds all of them
                began = time.monotonic()
                live.update(Text(self._line(), no_wrap=True, overflow="ellipsis"), refresh=True)
                self._stop.wait(max(interval_s, (time.monotonic() - began) / _MAX_READ_SHARE))

    def _show_lines(self) -> None:
        wait_s = LOG_INTERVAL_S
        while not self._stop.wait(wait_s):
            began = time.monotonic()
            tell(f"{clock_text(began - self._began_at)} {self._line()}", self._console.file, level="INFO")
            wait_s = max(LOG_INTERVAL_S, (time.monotonic() - began) / _MAX_READ_SHARE)

    def _line(self) -> str:
        try:
            progress = read_progress(self._staging, self._num_inputs)
        except TalkshardError as error:  # a store that does not answer ends the run where its work needs it
            return f"no progress to show: {error}"
        if self._also:
            self._also(progress)
        return progress.line()


def clock_text(seconds: float) -> str:
    """Seconds as H:MM:SS."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"

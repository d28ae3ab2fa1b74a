"""Progress of a local run, read from the marks that stages leave in staging: one line on a terminal, else log lines."""

import threading
import time
from dataclasses import dataclass
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from schemas.clock import FRAME_RATE
from transforms.faces.stage import STAGE as TRACK_FACES
from transforms.media.progress_marks import ProgressMark, read_marks
from transforms.windows.split_windows import STAGE as SPLIT_WINDOWS

LOG_INTERVAL_S = 30.0
READ_INTERVAL_S = 0.5  # on a terminal
MIN_RATE_S = 5.0  # of tracking, before a rate says anything
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
    tracking_s: float  # since the last source was split into windows: tracking waits for all of them

    @property
    def rate(self) -> float | None:
        """Seconds of video tracked per second; None before that is known, and once all windows are tracked."""
        if not self.frames or self.tracking_s < MIN_RATE_S or self.windows >= self.num_windows:
            return None
        return self.frames / FRAME_RATE / self.tracking_s

    @property
    def left_s(self) -> float | None:
        """Seconds of tracking left at this rate; None while that is not known."""
        if self.rate is None or self.sources < self.num_inputs:
            return None
        return max(0, self.num_frames - self.frames) / FRAME_RATE / self.rate

    def line(self) -> str:
        """The progress as one line."""
        left = "" if self.left_s is None else f" · {_clock(self.left_s)} left"
        rate = "" if self.rate is None else f" · {self.rate:.1f} s of video per s"
        return (
            f"sources {self.sources}/{self.num_inputs} · windows {self.windows}/{self.num_windows}{left} · "
            f"tracks {self.tracks} · clips {self.clips} · dropped {self.dropped} · failed {self.failed}{rate}"
        )


def progress_of(marks: list[ProgressMark], num_inputs: int, tracking_s: float) -> Progress:
    """Add up marks. Inputs with the same content are one source, so there may be fewer sources than inputs."""
    sources = {mark.source_id for mark in marks if mark.window_index < 0}
    tracked = [mark for mark in marks if mark.stage == TRACK_FACES]
    split = [mark for mark in marks if mark.stage == SPLIT_WINDOWS]
    # Tracking begins only when all sources are split: by then every source has its mark.
    total = len(sources) if tracked else num_inputs
    return Progress(
        num_inputs=total,
        sources=len(sources),
        windows=len(tracked),
        num_windows=sum(mark.windows for mark in split),
        tracks=sum(mark.tracks for mark in tracked),
        clips=sum(mark.clips for mark in marks),
        dropped=sum(mark.dropped for mark in marks),
        failed=sum(mark.failed for mark in marks),
        frames=sum(mark.frames for mark in tracked),
        num_frames=sum(mark.frames for mark in split),
        tracking_s=tracking_s,
    )


class ProgressDisplay:
    """Shows a run's progress while the body of `with` runs; a thread of its own reads the marks."""

    def __init__(self, staging: str, num_inputs: int, stream: TextIO) -> None:
        """Show the progress of a run with this staging folder on this stream."""
        self._staging, self._num_inputs = staging, num_inputs
        self._console = Console(file=stream)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
        self._began_at = self._split_at = time.monotonic()
        self._num_split = 0

    def __enter__(self) -> Self:
        """Begin to show."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop when the last state was shown."""
        self._stop.set()
        self._thread.join()

    def _show(self) -> None:
        if self._console.is_terminal:
            self._show_live()
        else:
            self._show_lines()

    def _show_live(self) -> None:
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            stopped = False
            while not stopped:
                stopped = self._stop.is_set()  # asked before the marks are read: the last reading finds all of them
                began = time.monotonic()
                live.update(Text(self._read().line(), no_wrap=True, overflow="ellipsis"), refresh=True)
                self._stop.wait(max(READ_INTERVAL_S, (time.monotonic() - began) / _MAX_READ_SHARE))

    def _show_lines(self) -> None:
        printed_at = self._began_at
        while not self._stop.wait(2 * READ_INTERVAL_S):
            progress, now = self._read(), time.monotonic()  # read often: the rate counts from the beginning of tracking
            if now - printed_at >= LOG_INTERVAL_S:
                printed_at = now
                line = f"{_clock(now - self._began_at)} {progress.line()}"
                self._console.print(line, highlight=False, soft_wrap=True)

    def _read(self) -> Progress:
        marks = read_marks(self._staging)
        num_split = sum(mark.stage == SPLIT_WINDOWS for mark in marks)
        if num_split != self._num_split:
            self._num_split, self._split_at = num_split, time.monotonic()
        return progress_of(marks, self._num_inputs, time.monotonic() - self._split_at)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"

"""Progress of a local run, read from the marks that stages leave in staging: one line on a terminal, else log lines."""

import threading
import time
from dataclasses import dataclass
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from schemas.clock import FRAME_RATE
from transforms.media.progress_marks import SourceMark, WindowMark, read_marks

LINE_EVERY_S = 30.0  # log lines
LOOK_EVERY_S = 0.5  # on a terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run has come."""

    num_inputs: int
    sources: int  # prepared, decided or failed
    windows: int  # ended
    num_windows: int  # of the sources so far
    tracks: int
    clips: int
    dropped: int
    failed: int  # sources and windows
    frames: int  # timeline frames of ended windows
    num_frames: int  # of the sources so far
    following_s: float  # since the last source was prepared: windows wait for all of them

    @property
    def rate(self) -> float:
        """Seconds of video a second."""
        return self.frames / FRAME_RATE / self.following_s if self.following_s > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds left at this rate; None while that is not known."""
        if self.rate == 0 or self.sources < self.num_inputs:
            return None
        return (self.num_frames - self.frames) / FRAME_RATE / self.rate

    def line(self) -> str:
        """The progress as one line."""
        rate = f" · {self.rate:.1f} video s/s" if self.frames else ""
        left = "" if self.left_s is None else f" · {_clock(self.left_s)} left"
        return (
            f"sources {self.sources}/{self.num_inputs} · windows {self.windows}/{self.num_windows}{rate}{left} · "
            f"tracks {self.tracks} · clips {self.clips} · dropped {self.dropped} · failed {self.failed}"
        )


def progress_of(marks: list[SourceMark | WindowMark], num_inputs: int, following_s: float) -> Progress:
    """Add up marks. Inputs with the same content are one source, so the sources may stay below the inputs."""
    sources = [mark for mark in marks if isinstance(mark, SourceMark)]
    windows = [mark for mark in marks if isinstance(mark, WindowMark)]
    # A window begins only when all sources are prepared: by then every source there is has its mark.
    total = len(sources) if windows else num_inputs
    return Progress(
        num_inputs=total,
        sources=len(sources),
        windows=len(windows),
        num_windows=sum(mark.num_windows for mark in sources),
        tracks=sum(mark.tracks for mark in windows),
        clips=sum(mark.clips for mark in windows),
        dropped=sum(mark.dropped for mark in windows),
        failed=sum(mark.failed for mark in marks),
        frames=sum(mark.num_frames for mark in windows),
        num_frames=sum(mark.num_frames for mark in sources),
        following_s=following_s,
    )


class ProgressDisplay:
    """Shows a run's progress while the body of `with` runs; a thread of its own looks at staging."""

    def __init__(self, staging: str, num_inputs: int, stream: TextIO) -> None:
        self._staging, self._num_inputs = staging, num_inputs
        self._console = Console(file=stream)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
        self._began_at = self._prepared_at = time.monotonic()
        self._num_prepared = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
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
                stopped, began = (
                    self._stop.is_set(),
                    time.monotonic(),
                )  # looked at before the marks: the last look sees all
                live.update(Text(self._look().line(), no_wrap=True, overflow="ellipsis"), refresh=True)
                # Looking costs more the more windows there are: a twentieth of the time at most.
                self._stop.wait(max(LOOK_EVERY_S, 20 * (time.monotonic() - began)))

    def _show_lines(self) -> None:
        said_at = self._began_at
        while not self._stop.wait(2 * LOOK_EVERY_S):
            progress, now = self._look(), time.monotonic()  # looked at often: the rate counts from when windows begin
            if now - said_at >= LINE_EVERY_S:
                said_at = now
                line = f"{_clock(now - self._began_at)} {progress.line()}"
                self._console.print(line, highlight=False, soft_wrap=True)

    def _look(self) -> Progress:
        marks = read_marks(self._staging)
        num_prepared = sum(isinstance(mark, SourceMark) for mark in marks)
        if num_prepared != self._num_prepared:
            self._num_prepared, self._prepared_at = num_prepared, time.monotonic()
        return progress_of(marks, self._num_inputs, time.monotonic() - self._prepared_at)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"

"""Progress of a training: a bar with steps/s and time left on a terminal, lines elsewhere."""

import time
from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

Say = Callable[[str], None]
"""Takes a line for the user."""


class TrainingProgress:
    """The one display of all trainers.

    line_every_s: where there is no terminal, seconds between two lines of progress; None: no such lines. may_end_early:
    the time left is an upper bound. is_quiet: shows nothing, for all ranks but the first.
    """

    def __init__(
        self, *, line_every_s: float | None = None, may_end_early: bool = False, is_quiet: bool = False
    ) -> None:
        """Prepare the display; nothing is shown before it is entered."""
        self._console = Console(highlight=False, quiet=is_quiet)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            console=self._console,
            disable=is_quiet or not self._console.is_terminal,
        )
        self._line_every_s, self._at_most = line_every_s, " at most" if may_end_early else ""
        self.begin("", 0)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is."""
        self._bar.stop()

    def begin(self, description: str, num_steps: int, steps_done: int = 0) -> None:
        """Begin a phase of num_steps steps, of which steps_done were made by an earlier run; the clock starts."""
        for task in list(self._bar.task_ids):
            self._bar.remove_task(task)
        if num_steps:
            self._task = self._bar.add_task(description, total=num_steps, completed=steps_done, pace="")
        self._began_s = self._line_s = time.monotonic()
        self._num_steps, self._completed, self._made = num_steps, steps_done, 0

    def update(self, completed: int, made: int, details: str = "") -> None:
        """Show how far the phase is.

        completed: steps of the phase, whenever they were made; made: those since begin; details: shown before the pace.
        """
        self._completed, self._made = completed, made
        text = f"{details}  {self.pace}" if details else self.pace
        self._bar.update(self._task, completed=completed, pace=text)
        if self._bar.disable and self._is_line_due():
            self.say(f"step {completed}/{self._num_steps}  {text}")

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._console.print(line, markup=False, soft_wrap=True)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the phase began, above 0."""
        return max(time.monotonic() - self._began_s, 1e-3)

    @property
    def pace(self) -> str:
        """Steps per second of the phase, and the time left."""
        steps_s = self._made / self.elapsed_s
        left_min = (self._num_steps - self._completed) / steps_s / 60 if steps_s else None
        return f"{steps_s:.1f} steps/s" + ("" if left_min is None else f", {left_min:.1f} min left{self._at_most}")

    def _is_line_due(self) -> bool:
        if self._line_every_s is None:
            return False
        now_s = time.monotonic()
        is_due = now_s - self._line_s >= self._line_every_s or self._completed == self._num_steps
        self._line_s = now_s if is_due else self._line_s
        return is_due

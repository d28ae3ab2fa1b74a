"""What one sees while networks train: a bar in a terminal, lines elsewhere, curves in TensorBoard."""

import shutil
import time
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from speech2vid.sync_training.checkpoint import Scores

_LOOK_EVERY_S = 0.5


class TrainingProgress:
    """Steps of all trainings together, with steps/s and time left."""

    def __init__(self, steps_made: Synchronized) -> None:
        self._steps_made, self._console = steps_made, Console(highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        self._bar.stop()

    def begin(self, what: str, num_steps: int) -> None:
        """A new stretch of at most num_steps steps."""
        for task in list(self._bar.task_ids):
            self._bar.remove_task(task)
        self._task = self._bar.add_task(what, total=num_steps, pace="")
        self._began_s, self._num_steps, self._known_steps = time.monotonic(), num_steps, 0
        self._first_count = self._last_count = self._steps_made.value

    def await_all(self, futures: list[Future], known_steps: int) -> list:
        """Results; known_steps: of this stretch when these futures are done, made now or in a run before."""
        pending = set(futures)
        while pending:
            _, pending = wait(pending, timeout=_LOOK_EVERY_S, return_when=FIRST_EXCEPTION)
            done = [future.result() for future in futures if future.done()]
            self._bar.update(self._task, completed=self._completed, pace=self.pace)
        self._known_steps, self._last_count = known_steps, self._steps_made.value
        self._bar.update(self._task, completed=known_steps)
        return done

    @property
    def pace(self) -> str:
        """Steps a second of this stretch, and the time left at most."""
        made = self._steps_made.value - self._first_count
        speed = made / max(time.monotonic() - self._began_s, 1e-3)
        left = f", {(self._num_steps - self._completed) / speed / 60:.1f} min left at most" if speed else ""
        return f"{speed:.1f} steps/s{left}"

    @property
    def _completed(self) -> int:
        return self._known_steps + self._steps_made.value - self._last_count

    def say(self, line: str) -> None:
        """A line above the bar."""
        self._console.print(line, markup=False, soft_wrap=True)


class Curves:
    """TensorBoard's files, written anew from the whole history: a resumed run has each point once."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._folder, self._written = folder, {}

    def write(self, name: str, losses: list[float], scores: Scores) -> None:
        """Points of a training that are not written yet."""
        from torch.utils.tensorboard import SummaryWriter

        known = self._written.get(name, 0)
        with SummaryWriter(str(self._folder / name)) as writer:
            for step, loss in enumerate(losses[known:], known + 1):
                writer.add_scalar("loss", loss, step)
            for step in (step for step in scores if step > known):
                writer.add_scalar("held_out/lag_share", scores[step].lag_share, step)
                writer.add_scalar("held_out/auc", scores[step].auc, step)
        self._written[name] = len(losses)

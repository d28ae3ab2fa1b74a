"""What one sees while a generator trains: a bar or lines in the terminal, curves and images in TensorBoard."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self, TypeVar

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from torch import Tensor
from torch.nn import functional as F

from speech2vid.generator.networks import STILL_PX, resized

_LINE_EVERY_S = 20
_WRITE_EVERY = 10  # steps
_SMOOTHING = 0.95
_MAX_ROWS = 6
Item = TypeVar("Item")


class TrainingWatch:
    """Of the first rank; the others' are silent (folder None)."""

    def __init__(self, folder: Path | None, num_steps: int, steps_done: int) -> None:
        self._console = Console(highlight=False, quiet=folder is None)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            console=self._console,
            disable=folder is None or not self._console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=num_steps, completed=steps_done, pace="")
        self._writer = _writer(folder, steps_done)
        self._num_steps, self._first_step, self._samples, self._loss = num_steps, steps_done, 0, 0.0
        self._began_s = self._said_s = time.monotonic()
        self._waited_s = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        self._bar.stop()
        if self._writer:
            self._writer.close()

    def say(self, line: str) -> None:
        """A line above the bar."""
        self._console.print(line, markup=False, soft_wrap=True)

    def begin(self) -> None:
        """Time counts from here: what was prepared is no step."""
        self._began_s, self._waited_s = time.monotonic(), 0.0

    def timed(self, batches: Iterator[Item]) -> Iterator[Item]:
        """The same, with the time that they were waited for."""
        while True:
            start = time.monotonic()
            try:
                batch = next(batches)
            except StopIteration:
                return
            self._waited_s += time.monotonic() - start
            yield batch

    def step(self, step: int, numbers: dict[str, float], samples: int) -> None:
        """After each step; samples: of all ranks."""
        self._samples += samples
        kept = _SMOOTHING if step > self._first_step + 1 else 0.0
        self._loss = kept * self._loss + (1 - kept) * numbers["loss"]
        self._bar.update(self._task, completed=step, pace=self.pace(step))
        if self._bar.disable and self._is_due(step):
            self.say(f"step {step}/{self._num_steps}  {self.pace(step)}")
        if self._writer and (step % _WRITE_EVERY == 0 or step == self._num_steps):
            for name, value in numbers.items():
                self._writer.add_scalar(f"train/{name}", value, step)
            self._writer.add_scalar("speed/samples_s", self.samples_s, step)
            self._writer.add_scalar("speed/data_wait_share", self.wait_share, step)

    def images(self, step: int, columns: list[Tensor], change: float) -> None:
        """Faces (B, 3, S, S) of each column side by side, a row a target; and how far another audio moves the mouth."""
        if self._writer:
            self._writer.add_image("stills, target, made, deblurred", image_grid(columns), step)
            self._writer.add_scalar("held/change_with_sound_of_255", 255 * change, step)

    @property
    def samples_s(self) -> float:
        """Targets a second, of all ranks."""
        return self._samples / max(time.monotonic() - self._began_s, 1e-3)

    @property
    def wait_share(self) -> float:
        """Share of the time in which the next batch was waited for."""
        return self._waited_s / max(time.monotonic() - self._began_s, 1e-3)

    def pace(self, step: int) -> str:
        """Loss, speed, waiting, time left."""
        steps_s = (step - self._first_step) / max(time.monotonic() - self._began_s, 1e-3)
        left_min = (self._num_steps - step) / max(steps_s, 1e-6) / 60
        return (
            f"loss {self._loss:.4f}  {self.samples_s:.1f} samples/s  {self.wait_share:.0%} waiting for data  "
            f"{left_min:.1f} min left"
        )

    def _is_due(self, step: int) -> bool:
        is_due = time.monotonic() - self._said_s >= _LINE_EVERY_S or step == self._num_steps
        self._said_s = time.monotonic() if is_due else self._said_s
        return is_due


def image_grid(columns: list[Tensor]) -> Tensor:
    """One image (3, height, width) in 0..1: faces of each column below each other, columns side by side."""
    rows = min(_MAX_ROWS, *(len(faces) for faces in columns))
    chosen = [resized(faces[:rows].float().cpu(), STILL_PX).clamp(0, 1) for faces in columns]
    return torch.cat([torch.cat(list(F.pad(faces, (1, 1, 1, 1))), 1) for faces in chosen], 2)


def _writer(folder: Path | None, steps_done: int):
    if folder is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=steps_done + 1)  # what a killed run wrote beyond is not shown

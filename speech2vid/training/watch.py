"""What a user sees while a network trains: progress, curves, and images of the validation."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self, TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from speech2vid.training.curves import Curves
from speech2vid.training.progress import TrainingProgress
from speech2vid.training.task import Validation

_LINE_EVERY_S = 20
_CURVES_EVERY = 10  # steps
_SMOOTHING = 0.95
_MAX_ROWS, _SHOWN_PX = 6, 128  # of the faces of a validation
Item = TypeVar("Item")


class TrainingWatch:
    """Shows one training; with folder None it shows nothing, for all ranks but the first."""

    def __init__(self, folder: Path | None, num_steps: int, steps_done: int) -> None:
        """Open the display; steps_done: before this run was resumed."""
        self._progress = TrainingProgress(line_every_s=_LINE_EVERY_S, is_quiet=folder is None)
        self._curves = Curves(folder, steps_done)
        self._num_steps, self._first_step = num_steps, steps_done
        self._samples, self._smooth_loss, self._waited_s = 0, 0.0, 0.0

    def __enter__(self) -> Self:
        """Show the progress."""
        self._progress.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the display and the curves."""
        self._progress.__exit__()
        self._curves.__exit__()

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._progress.say(line)

    def begin(self) -> None:
        """Start the clock, after pretraining."""
        self._progress.begin("training", self._num_steps, self._first_step)
        self._waited_s = 0.0

    def timed(self, batches: Iterator[Item]) -> Iterator[Item]:
        """The same batches; the time that they are waited for is measured."""
        while True:
            start = time.monotonic()
            try:
                batch = next(batches)
            except StopIteration:
                return
            self._waited_s += time.monotonic() - start
            yield batch

    def show_step(self, step: int, losses: Mapping[str, float], samples: int) -> None:
        """Show a step that was made; samples: its targets, of all ranks."""
        self._samples += samples
        share_kept = _SMOOTHING if step > self._first_step + 1 else 0.0
        self._smooth_loss = share_kept * self._smooth_loss + (1 - share_kept) * losses["loss"]
        details = (
            f"loss {self._smooth_loss:.4f}  {self.samples_s:.1f} samples/s  {self.wait_share:.0%} waiting for data"
        )
        self._progress.update(step, step - self._first_step, details)
        if step % _CURVES_EVERY == 0 or step == self._num_steps:
            self._curves.add_scalars(step, {f"train/{name}": value for name, value in losses.items()})
            self._curves.add_scalars(
                step, {"speed/samples_s": self.samples_s, "speed/data_wait_share": self.wait_share}
            )

    def show_validation(self, step: int, validation: Validation) -> None:
        """Show a validation, in a line, as curves and as images."""
        numbers = "  ".join(f"{name} {value:.3f}" for name, value in validation.measures.items())
        self.say(f"step {step}: score {validation.score:.3f}  {numbers}")
        curves = {"score": validation.score, **validation.measures}
        self._curves.add_scalars(step, {f"validation/{name}": value for name, value in curves.items()})
        for name, image in validation.images.items():
            self._curves.add_image(step, name, image)

    @property
    def samples_s(self) -> float:
        """Targets per second, of all ranks."""
        return self._samples / self._progress.elapsed_s

    @property
    def wait_share(self) -> float:
        """Share of the time in which the next batch was waited for."""
        return self._waited_s / self._progress.elapsed_s


def image_grid(columns: list[Tensor]) -> Tensor:
    """Image (3, height, width), RGB in 0..1: columns of square faces (B, 3, S, S) side by side, S of any size."""
    rows = min(_MAX_ROWS, *(len(faces) for faces in columns))
    shown = [F.interpolate(faces[:rows].float().cpu(), (_SHOWN_PX,) * 2, mode="bilinear") for faces in columns]
    return torch.cat([torch.cat(list(F.pad(faces, (1, 1, 1, 1))), 1) for faces in shown], 2).clamp(0, 1)

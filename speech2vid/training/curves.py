"""Curves and images for TensorBoard, each point once, however often a run was resumed."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from torch import Tensor
from torch.utils.tensorboard import SummaryWriter


class Curves:
    """Curves of one training; with folder None nothing is written.

    steps_done: of a resumed run, whose points after this step, written before it was killed, are hidden.
    """

    def __init__(self, folder: Path | None, steps_done: int | None = None) -> None:
        """Open the folder's files."""
        purge_step = None if steps_done is None else steps_done + 1
        self._writer = None if folder is None else SummaryWriter(str(folder), purge_step=purge_step)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        if self._writer:
            self._writer.close()

    def add_scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each of several curves."""
        if self._writer:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def add_image(self, step: int, name: str, image_3HW: Tensor) -> None:
        """Add an RGB image with values in 0..1."""
        if self._writer:
            self._writer.add_image(name, image_3HW, step)


class CurvesOfTrainings:
    """Curves of several trainings below one folder, rewritten from their whole histories."""

    def __init__(self, folder: Path) -> None:
        """Remove the curves of an earlier run."""
        shutil.rmtree(folder, ignore_errors=True)
        self._folder, self._written_steps = folder, dict[str, int]()

    def write(self, training: str, history: Mapping[int, Mapping[str, float]]) -> None:
        """Add the points of a training that are not written yet; history: step -> curve -> value, in order."""
        known = self._written_steps.get(training, 0)
        with Curves(self._folder / training) as curves:
            for step, values in history.items():
                if step > known:
                    curves.add_scalars(step, values)
        self._written_steps[training] = max(history, default=known)

"""What a recipe trains. The loop, its checkpoints, and what a user sees of it are the same for all recipes."""

import abc
from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import Tensor, nn

from speech2vid.training.card import TrainingData
from speech2vid.training.progress import Say

Batch = TypeVar("Batch", bound=Sized)
"""Its length is the number of its samples."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Validation:
    """How good a network is on people that it did not learn from."""

    score: float  # by which the best network is chosen; higher is better
    measures: Mapping[str, float]
    images: Mapping[str, Tensor] = field(default_factory=dict)  # (3, H, W), RGB in 0..1, for TensorBoard


class TrainingTask(abc.ABC, Generic[Batch]):
    """One training on one rank: networks, losses, batches, validation, and what is written at the end.

    network_name: file of the result. network: all that is trained, on the rank's device. frozen: networks that
    `prepare` trained, which checkpoints keep.
    """

    network_name: str
    network: nn.Module
    frozen: Mapping[str, nn.Module] = {}

    @property
    @abc.abstractmethod
    def data(self) -> TrainingData:
        """What the network learns from, for record and card."""

    @abc.abstractmethod
    def batches(self, first: int) -> Iterator[Batch]:
        """Batches of this rank without end, from number `first` on; a number and a rank always give the same batch."""

    @abc.abstractmethod
    def losses(self, trained: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Weighted terms by name, whose sum is the loss: means over the batch's samples.

        trained: `network` as it must be called, so that gradients are shared with the other ranks. Torch's random
        numbers are seeded before each call.
        """

    @abc.abstractmethod
    def validate(self, averaged: nn.Module, steps: int) -> Validation:
        """Validate the averaged weights, after so many steps; on the first rank only, and without random numbers."""

    @abc.abstractmethod
    def export(self, averaged: nn.Module, path: Path) -> None:
        """Write the result as an ONNX file, and other files into `path.parent`."""

    @abc.abstractmethod
    def about(self, size_bytes: int) -> str:
        """One paragraph about the result, for the card."""

    def prepare(self, say: Say) -> None:
        """Pretrain `network` and `frozen`; only in a new run."""

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Groups of AdamW; each has a "share" of the learning rate, and may have AdamW's own options."""
        return [{"params": list(self.network.parameters()), "share": 1.0}]

    def identity(self) -> dict[str, object]:
        """What determines the result beside options and settings, such as hashes of files that are read."""
        return {}

    def record(self) -> dict[str, object]:
        """More for training.json."""
        return {}

"""A list of planted faults: how each is planted in a copy of a good dataset, and what must be named."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.audit.dataset_copy import DatasetCopy
from tests.audit.good_dataset import ANN, ANN_TOO, BEN

TRAIN, VAL = "shards/train-000000.tar", "shards/val-000000.tar"
FIRST, SECOND = f"{ANN}-w00000-t000-0000000", f"{ANN}-w00000-t000-0000025"  # keys of clips in TRAIN
OTHER, BENS = f"{ANN_TOO}-w00000-t000-0000010", f"{BEN}-w00000-t000-0000050"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One kind of fault."""

    name: str
    put: Callable[[DatasetCopy], object]
    expected: str  # a regular expression that a line of the answer must match


class Plants(list[Plant]):
    """Faults of one area."""

    def add(self, name: str, put: Callable[[DatasetCopy], object], expected: str) -> None:
        """Add a fault."""
        self.append(Plant(name=name, put=put, expected=expected))

    def plant(self, expected: str) -> Callable[[Callable[[DatasetCopy], object]], Callable[[DatasetCopy], object]]:
        """Add the decorated function as a fault of its name."""

        def add(put: Callable[[DatasetCopy], object]) -> Callable[[DatasetCopy], object]:
            self.add(put.__name__, put, expected)
            return put

        return add

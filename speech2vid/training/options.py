"""Options of a training, whatever is trained; the settings of a recipe are apart."""

import os
from dataclasses import dataclass, field


def default_threads() -> int:
    """The cores of this process, shared with the others that torchrun started on this machine."""
    return max(1, len(os.sched_getaffinity(0)) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """What to train, from which dataset, and where to."""

    dataset: str  # output of `talkshard build`, a folder or a URL
    recipe: str  # its name
    output: str
    seed: int = 0
    where: str | None = None  # DuckDB condition on the clips table; None: all clips of the train split
    validate_where: str | None = None  # the same for the clips of validation
    device: str = "auto"  # auto, cpu or cuda
    workers: int = 1  # processes that read samples; 0: this process
    threads: int = field(default_factory=default_threads)  # of a step on the CPU

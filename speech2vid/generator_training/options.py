"""Options of a generator's training, as `talkshard train` takes them."""

import os
from dataclasses import dataclass, field


def default_threads() -> int:
    """The cores of this process, shared with the others that torchrun started on this machine."""
    return max(1, len(os.sched_getaffinity(0)) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorTrainingOptions:
    """What to train, from which dataset, and where to."""

    dataset: str  # output of `talkshard build`, a folder or a URL
    recipe: str  # name of one of RECIPES
    output: str
    steps: int | None = None  # None here and below: the recipe's
    learning_rate: float | None = None
    batch_clips: int | None = None  # of each rank
    seed: int = 0
    where: str | None = None  # DuckDB condition on the clips table; None: all clips of the train split
    content_network: str = "centerface"  # see LossSettings
    identity_init: str | None = None  # VGG-M weights that the identity encoder begins with
    device: str = "auto"  # auto, cpu or cuda
    workers: int = 1  # processes that read samples; 0: this process
    threads: int = field(default_factory=default_threads)  # of a step on the CPU

"""One run of a training on one rank: set up or resume, train and validate, write the best network."""

import dataclasses
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from schemas.stored.record import dataset_sha256
from speech2vid.reader.ranks import Ranks, open_ranks
from speech2vid.training.loop import TrainingLoop
from speech2vid.training.loop_settings import LoopSettings
from speech2vid.training.options import TrainingOptions
from speech2vid.training.results import FinishedTraining, write_results
from speech2vid.training.run_folder import RunFolder
from speech2vid.training.state import BestStep, best_so_far, load_best, resume_state, save_best, save_state
from speech2vid.training.task import TrainingTask
from speech2vid.training.watch import TrainingWatch

_STATE, _BEST = "training.safetensors", "best.safetensors"


class Settings(Protocol):
    """Settings of a recipe: a frozen dataclass of sections, each a dataclass whose fields are `setting`s."""

    @property
    def loop(self) -> LoopSettings:
        """Settings of the loop."""


OpenTask = Callable[[Any, TrainingOptions, Ranks], TrainingTask]
"""Opens the task of a recipe, from its settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run on one rank."""

    folder: RunFolder
    loop: TrainingLoop
    watch: TrainingWatch

    @property
    def state(self) -> Path:
        """The checkpoint."""
        return self.folder.checkpoints / _STATE

    @property
    def best(self) -> Path:
        """The best network so far."""
        return self.folder.checkpoints / _BEST

    def save(self) -> None:
        """Write the checkpoint, on the first rank."""
        if self.loop.ranks.is_first:
            save_state(self.loop, self.state)


def train(options: TrainingOptions, settings: Settings, standard: Settings, open_task: OpenTask) -> None:
    """Train a recipe's network, or resume its training, on all ranks, and write it to the output folder.

    standard: the recipe's settings, from which the run's may differ. UsageError: the folder holds another run, or an
    option makes no sense. TalkshardError: the training diverged.
    """
    torch.set_num_threads(options.threads)
    with open_ranks(options.device) as ranks:
        task = open_task(settings, options, ranks)
        folder = RunFolder(path=Path(options.output), network_name=task.network_name)
        identity = run_identity(options, settings, task)
        folder.refuse_another_run(identity)
        loop = TrainingLoop(task, settings.loop, options.seed, ranks)
        resumed = resume_state(loop, folder.checkpoints / _STATE) if (folder.checkpoints / _STATE).exists() else ""
        ranks.wait()  # every rank has looked for the checkpoint before the first one writes
        if ranks.is_first:
            folder.begin(identity)
        with TrainingWatch(folder.tensorboard if ranks.is_first else None, settings.loop.steps, loop.steps) as watch:
            run = _Run(folder=folder, loop=loop, watch=watch)
            _prepare(run, resumed)
            _train(run)
            if ranks.is_first:
                best = _take_best(run)
                finished = FinishedTraining(
                    options=options, settings=settings, standard=standard, identity=identity, loop=loop, best=best
                )
                write_results(finished, folder, watch)


def run_identity(options: TrainingOptions, settings: Settings, task: TrainingTask) -> dict[str, Any]:
    """Everything that determines the result, except hardware and versions."""
    return {
        "dataset": dataset_sha256(options.dataset),
        **{name: getattr(options, name) for name in ("where", "validate_where", "recipe", "seed")},
        "settings": json.loads(json.dumps(dataclasses.asdict(settings))),  # type: ignore[call-overload]  # a protocol
        **task.identity(),
    }


def _prepare(run: _Run, resumed: str) -> None:
    """Pretrain where the run is new."""
    if resumed:
        run.watch.say(resumed)
        return
    began_s = time.monotonic()
    torch.manual_seed(run.loop.seed)
    run.loop.task.prepare(run.watch.say)
    run.loop.start()
    run.watch.say(f"prepared in {time.monotonic() - began_s:.0f} s")
    run.save()


def _train(run: _Run) -> None:
    """Step, validate and save, until the last step or until nothing gets better."""
    loop, settings = run.loop, run.loop.settings
    run.watch.begin()
    batches = run.watch.timed(iter(loop.task.batches(loop.batches_drawn)))
    while loop.steps < settings.steps and not _is_over(run):
        drawn = list(itertools.islice(batches, settings.accumulate))
        losses = loop.advance(drawn)
        run.watch.show_step(loop.steps, losses, sum(map(len, drawn)) * loop.ranks.num_ranks)
        is_last = loop.steps == settings.steps
        validates = loop.steps % settings.validate_every == 0 or is_last
        if validates:
            _validate(run)
        if validates or loop.steps % settings.save_every == 0:
            run.save()


def _validate(run: _Run) -> None:
    """Validate on the first rank, which keeps the weights if they are the best so far; the others wait."""
    loop = run.loop
    if loop.ranks.is_first:
        with torch.no_grad():
            validation = loop.task.validate(loop.averaged, loop.steps)
        run.watch.show_validation(loop.steps, validation)
        best = best_so_far(run.best, loop.steps - 1)
        if best is None or validation.score > best.score:
            save_best(loop, validation, run.best)
    loop.ranks.wait()


def _is_over(run: _Run) -> bool:
    """Whether so many validations brought nothing better that the training ends."""
    loop, settings = run.loop, run.loop.settings
    if not settings.patience:
        return False
    best = best_so_far(run.best, loop.steps)
    waited = loop.steps - best.step if best else 0
    return loop.ranks.from_first(waited >= settings.patience * settings.validate_every)


def _take_best(run: _Run) -> BestStep:
    """Bring the averaged network to the best step's weights."""
    best = best_so_far(run.best, run.loop.steps)
    assert best is not None, "the last step is validated"
    load_best(run.loop.averaged, run.best)
    return best

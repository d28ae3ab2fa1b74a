"""Worker processes of `talkshard train-sync`, and the progress of the trainings that they run."""

import contextlib
import functools
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Executor, ProcessPoolExecutor, ThreadPoolExecutor, wait
from multiprocessing.sharedctypes import Synchronized

from speech2vid.sync_training.checkpoint import Scores
from speech2vid.sync_training.clips import TalkingClip
from speech2vid.sync_training.jobs import FoldResult, TrainingJob, evaluate_fold, start_worker, train_to
from speech2vid.training.progress import TrainingProgress

_SPAWN = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
_UPDATE_EVERY_S = 0.5


class WorkerPool:
    """Runs jobs, and shows the steps of all trainings together."""

    def __init__(self, executor: Executor, steps_made: "Synchronized[int]", progress: TrainingProgress) -> None:
        """Take what open_pool opened; steps_made is counted by the workers."""
        self._executor, self._steps_made, self._progress = executor, steps_made, progress

    def begin(self, description: str, num_steps: int) -> None:
        """Begin a phase of at most num_steps steps of all trainings together."""
        self._progress.begin(description, num_steps)
        self._known_steps = 0
        self._count_at_begin = self._count_known = self._steps_made.value

    def train(self, jobs: list[TrainingJob], step: int) -> list[tuple[list[float], Scores]]:
        """Train all jobs to a step; returns losses and scores of each so far."""
        futures = [self._executor.submit(train_to, job, step) for job in jobs]
        pending = set(futures)
        while pending:
            _, pending = wait(pending, timeout=_UPDATE_EVERY_S, return_when=FIRST_EXCEPTION)
            histories = [future.result() for future in futures if future.done()]
            self._update(self._known_steps + self._steps_made.value - self._count_known)
        self._known_steps, self._count_known = len(jobs) * step, self._steps_made.value
        self._update(self._known_steps)
        return histories

    def evaluate(self, folds: list[list[TrainingJob]], step: int) -> list[FoldResult]:
        """Score each fold's held-out speakers by its networks at a step."""
        return list(self._executor.map(evaluate_fold, folds, [step] * len(folds)))

    @property
    def pace(self) -> str:
        """Steps per second of the phase, and the time left at most."""
        return self._progress.pace

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._progress.say(line)

    def _update(self, completed: int) -> None:
        self._progress.update(completed, self._steps_made.value - self._count_at_begin)


@contextlib.contextmanager
def open_pool(clips: list[TalkingClip], workers: int) -> Iterator[WorkerPool]:
    """Worker processes that hold the clips; a single worker is this process."""
    steps_made = _SPAWN.Value("q")
    kind = ThreadPoolExecutor if workers == 1 else functools.partial(ProcessPoolExecutor, mp_context=_SPAWN)
    executor = kind(workers, initializer=start_worker, initargs=(clips, steps_made))
    try:
        with TrainingProgress(may_end_early=True) as progress:
            yield WorkerPool(executor, steps_made, progress)
    finally:
        executor.shutdown(cancel_futures=True)

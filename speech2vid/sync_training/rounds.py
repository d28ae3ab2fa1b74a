"""One round of `talkshard train-sync`: networks on people left out, what they teach, and the networks that are kept."""

import contextlib
import functools
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from speech2vid.sync_training.calibration import CalibrationScore, calibrate, calibration_scores
from speech2vid.sync_training.checkpoint import Scores, load_towers
from speech2vid.sync_training.clips import TalkingClip
from speech2vid.sync_training.folds import choose_steps, deal_people, has_stopped
from speech2vid.sync_training.jobs import FoldEvidence, TrainingJob, judge_fold, start_worker, train_to
from speech2vid.sync_training.loop import SyncTrainingSettings
from speech2vid.sync_training.towers import SyncTowers
from speech2vid.training.sync_progress import Curves, TrainingProgress
from transforms.speakers.sync_result import Calibration

_SPAWN = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlan:
    """What one round is made with."""

    folder: Path  # of its checkpoints
    settings: SyncTrainingSettings
    seed: int
    num_networks: int  # whose similarities are averaged, of people left out as of all
    num_folds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """What the people left out taught."""

    folds: list[frozenset[str]]
    scores: list[Scores]  # one a fold
    steps: int  # best for them
    evidence: list[FoldEvidence]  # one a fold
    calibration: Calibration
    calibration_scores: dict[int, CalibrationScore]  # length in s -> of each fold, by what the others taught


@contextlib.contextmanager
def open_pool(clips: list[TalkingClip], workers: int) -> Iterator[tuple[Executor, TrainingProgress]]:
    """Worker processes that have the clips, and the progress of what they do; a single worker is this process."""
    steps_made = _SPAWN.Value("q")
    kind = ThreadPoolExecutor if workers == 1 else functools.partial(ProcessPoolExecutor, mp_context=_SPAWN)
    pool = kind(workers, initializer=start_worker, initargs=(clips, steps_made))
    try:
        with TrainingProgress(steps_made) as progress:
            yield pool, progress
    finally:
        pool.shutdown(cancel_futures=True)


def leave_out(
    clips: list[TalkingClip], plan: RoundPlan, pool: Executor, progress: TrainingProgress, curves: Curves
) -> HeldOut:
    """Train on everyone else until the people left out are judged no better; then see what curves are worth."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    folds = deal_people(clips, plan.num_folds)
    jobs = [
        [
            TrainingJob(
                name=f"fold{number}-network{network}",
                folder=plan.folder,
                held_out_speakers=people,
                is_scored=network == 0,
                settings=plan.settings,
                seed=plan.seed + network,
            )
            for network in range(plan.num_networks)
        ]
        for number, people in enumerate(folds)
    ]
    for number, people in enumerate(folds):
        progress.say(f"fold{number} leaves out {', '.join(sorted(people))}")
    scores = _scored(jobs, plan.settings, pool, progress, curves)
    steps = choose_steps(_qualities(scores))
    progress.say(f"{steps} steps are best on people left out")
    _train_all([job for fold in jobs for job in fold[1:]], steps, "more networks without them", pool, progress, curves)
    evidence = list(pool.map(judge_fold, jobs, [steps] * len(jobs)))
    pieces = [fold.pieces for fold in evidence]
    return HeldOut(
        folds=folds,
        scores=scores,
        steps=steps,
        evidence=evidence,
        calibration=calibrate([piece for fold in pieces for piece in fold]),
        calibration_scores=calibration_scores(pieces),
    )


def learn_from_all(
    plan: RoundPlan, steps: int, pool: Executor, progress: TrainingProgress, curves: Curves
) -> list[SyncTowers]:
    """The networks that are kept."""
    jobs = [
        TrainingJob(
            name=f"all-network{network}",
            folder=plan.folder,
            held_out_speakers=frozenset(),
            is_scored=False,
            settings=plan.settings,
            seed=plan.seed + network,
        )
        for network in range(plan.num_networks)
    ]
    _train_all(jobs, steps, "networks that learn from all", pool, progress, curves)
    return [load_towers(job.towers_path(steps), plan.settings) for job in jobs]


def _scored(
    jobs: list[list[TrainingJob]],
    settings: SyncTrainingSettings,
    pool: Executor,
    progress: TrainingProgress,
    curves: Curves,
) -> list[Scores]:
    """Each fold's scores, until they have not become better for a while."""
    first = [fold[0] for fold in jobs]
    progress.begin(f"{len(first)} folds", len(first) * settings.steps)
    for step in [*range(settings.score_every, settings.steps, settings.score_every), settings.steps]:
        histories = progress.await_all([pool.submit(train_to, job, step) for job in first], len(first) * step)
        scores = []
        for job, (losses, found) in zip(first, histories, strict=True):
            scores.append({at: own for at, own in found.items() if at <= step})
            curves.write(f"{job.folder.name}/{job.name}", losses, found)
            progress.say(
                f"{job.name}, step {step}: loss {losses[step - 1]:.2f}, lag found "
                f"{found[step].lag_share:.2f}, AUC {found[step].auc:.3f} ({progress.pace})"
            )
        choose_steps(_qualities(scores))  # nobody who can be told apart: better said now than after all steps
        if has_stopped(_qualities(scores), settings.patience):
            break
    return scores


def _train_all(
    jobs: list[TrainingJob], steps: int, what: str, pool: Executor, progress: TrainingProgress, curves: Curves
) -> None:
    if jobs:
        progress.begin(what, len(jobs) * steps)
        histories = progress.await_all([pool.submit(train_to, job, steps) for job in jobs], len(jobs) * steps)
        progress.say(f"{len(jobs)} {what} ({progress.pace})")
        for job, (losses, _) in zip(jobs, histories, strict=True):
            curves.write(f"{job.folder.name}/{job.name}", losses, {})


def _qualities(scores: list[Scores]) -> list[dict[int, float]]:
    return [{step: found.quality for step, found in fold.items()} for fold in scores]

"""One round of `talkshard train-sync`: cross-validate by speaker with early stopping, then calibrate."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from speech2vid.sync_training.calibration import CalibrationScore, calibrate, calibration_scores
from speech2vid.sync_training.checkpoint import Scores, load_towers
from speech2vid.sync_training.clips import TalkingClip
from speech2vid.sync_training.folds import Qualities, choose_steps, deal_speakers, has_stopped
from speech2vid.sync_training.jobs import FoldResult, TrainingJob
from speech2vid.sync_training.loop import SyncTrainingSettings
from speech2vid.sync_training.towers import SyncTowers
from speech2vid.sync_training.worker_pool import WorkerPool
from speech2vid.training.curves import CurvesOfTrainings
from transforms.speakers.score_sync import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlan:
    """Settings of one round."""

    folder: Path  # of its checkpoints
    settings: SyncTrainingSettings
    seed: int
    num_networks: int  # whose similarities are averaged, in each fold as in the result
    num_folds: int

    def jobs(self, prefix: str, held_out_speakers: frozenset[str] = frozenset()) -> list[TrainingJob]:
        """One job of each network; the first network of a fold is scored."""
        return [
            TrainingJob(
                name=f"{prefix}-network{network}",
                folder=self.folder,
                held_out_speakers=held_out_speakers,
                is_scored=network == 0 and bool(held_out_speakers),
                settings=self.settings,
                seed=self.seed + network,
            )
            for network in range(self.num_networks)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidation:
    """What was found on held-out speakers."""

    folds: list[frozenset[str]]
    scores: list[Scores]  # of each fold
    steps: int  # with the best score
    results: list[FoldResult]  # of each fold
    calibration: Calibration
    calibration_scores: dict[int, CalibrationScore]  # by length in s; each fold by a calibration learnt on the others


def cross_validate(
    clips: list[TalkingClip], plan: RoundPlan, pool: WorkerPool, curves: CurvesOfTrainings
) -> CrossValidation:
    """Train without each fold's speakers until their scores are no better, then calibrate on all of them."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    folds = deal_speakers(clips, plan.num_folds)
    jobs = [plan.jobs(f"fold{number}", speakers) for number, speakers in enumerate(folds)]
    for number, speakers in enumerate(folds):
        pool.say(f"fold{number} holds out {', '.join(sorted(speakers))}")
    scores = _train_until_no_better([fold[0] for fold in jobs], plan.settings, pool, curves)
    steps = choose_steps(_qualities(scores))
    pool.say(f"{steps} steps are best on held-out speakers")
    _train_all([job for fold in jobs for job in fold[1:]], steps, "more networks of the folds", pool, curves)
    results = pool.evaluate(jobs, steps)
    segments = [result.segments for result in results]
    return CrossValidation(
        folds=folds,
        scores=scores,
        steps=steps,
        results=results,
        calibration=calibrate([segment for fold in segments for segment in fold]),
        calibration_scores=calibration_scores(segments),
    )


def train_on_all(plan: RoundPlan, steps: int, pool: WorkerPool, curves: CurvesOfTrainings) -> list[SyncTowers]:
    """Train the networks of the result, on all speakers."""
    jobs = plan.jobs("all")
    _train_all(jobs, steps, "networks on all speakers", pool, curves)
    return [load_towers(job.towers_path(steps), plan.settings) for job in jobs]


def _train_until_no_better(
    jobs: list[TrainingJob], settings: SyncTrainingSettings, pool: WorkerPool, curves: CurvesOfTrainings
) -> list[Scores]:
    """Scores of each fold's first network; all stop together when they have not become better for a while."""
    pool.begin(f"{len(jobs)} folds", len(jobs) * settings.steps)
    for step in [*range(settings.score_every, settings.steps, settings.score_every), settings.steps]:
        scores = []
        for job, (losses, found) in zip(jobs, pool.train(jobs, step), strict=True):
            scores.append({at: value for at, value in found.items() if at <= step})
            _write_curves(job, losses, found, curves)
            pool.say(
                f"{job.name}, step {step}: loss {losses[step - 1]:.2f}, lag found "
                f"{found[step].lag_share:.2f}, AUC {found[step].auc:.3f} ({pool.pace})"
            )
        choose_steps(_qualities(scores))  # where no fold can be scored, fail now rather than after all steps
        if has_stopped(_qualities(scores), settings.patience):
            break
    return scores


def _train_all(
    jobs: list[TrainingJob], steps: int, description: str, pool: WorkerPool, curves: CurvesOfTrainings
) -> None:
    if jobs:
        pool.begin(description, len(jobs) * steps)
        histories = pool.train(jobs, steps)
        pool.say(f"{len(jobs)} {description} ({pool.pace})")
        for job, (losses, _) in zip(jobs, histories, strict=True):
            _write_curves(job, losses, {}, curves)


def _write_curves(job: TrainingJob, losses: list[float], scores: Scores, curves: CurvesOfTrainings) -> None:
    history: dict[int, Mapping[str, float]] = {}
    for step, loss in enumerate(losses, 1):
        found = scores.get(step)
        held_out = {} if found is None else {"held_out/lag_share": found.lag_share, "held_out/auc": found.auc}
        history[step] = {"loss": loss, **held_out}
    curves.write(f"{job.folder.name}/{job.name}", history)


def _qualities(scores: list[Scores]) -> Qualities:
    return [{step: found.quality for step, found in fold.items()} for fold in scores]

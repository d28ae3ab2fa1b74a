"""Trains and evaluates one job. Results of an earlier call are reused."""

import dataclasses
import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ablations.scoring import ScoredOn, score_generator
from benchmarks.ablations.variants import Budget, Job, base_settings, settings_of
from schemas.errors import UsageError
from schemas.stored.clip_index import find_clips
from schemas.stored.record import dataset_sha256
from speech2vid.evaluation.conditions import GENERATED
from speech2vid.generator_training.recipes import GeneratorTrainingSettings
from speech2vid.generator_training.task import DEBLURRING, GENERATOR, GeneratorTask
from speech2vid.training.options import TrainingOptions
from speech2vid.training.publish import write_whole
from speech2vid.training.record import RECORD
from speech2vid.training.run import train as run_training
from transforms.people.face_networks import load_face_network

_ELSEWHERE = ("dataset", "evaluate_on", "threads", "budget")  # in the record by hash, one by one, or not at all
NUMBERS_FILE = "numbers.json"
_SETTINGS_FILE, _REFERENCES_FILE = "settings.json", "references.json"
Train = Callable[[str, str | None, Path, int, GeneratorTrainingSettings, int], None]
"""Trains into a folder, from a dataset, a condition on its clips, a seed, settings and a number of threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationSettings:
    """Settings that all jobs share."""

    dataset: str
    where: str | None
    evaluate_on: str
    evaluate_split: str
    evaluate_where: str | None
    clips: int  # that are evaluated, at most
    face_network: str
    threads: int  # of a training step
    budget: Budget

    @property
    def scored_on(self) -> ScoredOn:
        """What all variants are scored on."""
        return ScoredOn(
            dataset=self.evaluate_on,
            split=self.evaluate_split,
            where=self.evaluate_where,
            max_clips=self.clips,
            face_network=self.face_network,
        )

    def record(self) -> dict[str, object]:
        """Everything that determines the numbers, except the seeds."""
        found = {name: getattr(self, name) for name in self.__slots__ if name not in _ELSEWHERE}
        return (
            found
            | dataclasses.asdict(self.budget)
            | {"dataset": dataset_sha256(self.dataset), "evaluate_on": dataset_sha256(self.evaluate_on)}
        )


def require_networks(settings: AblationSettings) -> None:
    """Raise UsageError where the network of the evaluation is missing, before anything is trained."""
    load_face_network(settings.face_network)


def refuse_other_ablations(settings: AblationSettings, output: Path) -> None:
    """Raise UsageError where the folder holds other ablations, or where training and evaluation share speakers."""
    record, path = settings.record(), output / _SETTINGS_FILE
    begun = json.loads(path.read_text()) if path.exists() else record
    if differ := [name for name, value in record.items() if begun.get(name) != value]:
        raise UsageError(
            f"{output} holds ablations of another {differ[0]}: choose another --output, or give the same options again "
            "to resume them"
        )
    trained = _speakers(settings.dataset, "train", settings.where)
    evaluated = _speakers(settings.evaluate_on, settings.evaluate_split, settings.evaluate_where)
    if both := sorted(trained & evaluated):
        raise UsageError(
            f"{', '.join(both[:3])} would be trained and evaluated on: exclude them from one by --where or "
            "--evaluate_where, or give --evaluate_on a dataset of other people"
        )
    _write(path, record)


def train_job(job: Job, settings: AblationSettings, output: Path, train: Train) -> None:
    """Train a job, or resume a killed training; nothing is done where its generator is there."""
    folder = output / job.training_folder
    if not (folder / GENERATOR).exists():
        variant = settings_of(job.variant, settings.budget)
        train(settings.dataset, settings.where, folder, job.seed, variant, settings.threads)


def train_in_process(
    dataset: str, where: str | None, folder: Path, seed: int, settings: GeneratorTrainingSettings, threads: int
) -> None:
    """Train in a process of its own, which frees its memory, and forks readers before any network starts threads."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as processes:
        processes.submit(_train, dataset, where, folder, seed, settings, threads).result()


def evaluate_job(job: Job, settings: AblationSettings, output: Path) -> dict[str, object]:
    """Numbers of a job and of the references, and the training's speed; stored in the job's folder."""
    path, training = output / job.folder / NUMBERS_FILE, output / job.training_folder
    if path.exists():
        return json.loads(path.read_text())
    known = output / _REFERENCES_FILE
    deblurring = training / DEBLURRING if job.variant.deblurs else None
    scored = score_generator(training / GENERATOR, deblurring, settings.scored_on, with_references=not known.exists())
    numbers = scored.pop(GENERATED)
    if scored:
        _write(known, scored)
    found = {
        "numbers": numbers,
        "references": json.loads(known.read_text()),
        "samples_s": json.loads((training / RECORD).read_text())["samples_s"],
    }
    _write(path, found)
    return found


def _train(
    dataset: str, where: str | None, folder: Path, seed: int, settings: GeneratorTrainingSettings, threads: int
) -> None:
    options = TrainingOptions(
        dataset=dataset, recipe="ablation", output=str(folder), seed=seed, where=where, workers=0, threads=threads
    )
    run_training(options, settings, base_settings(Budget()), GeneratorTask)


def _speakers(dataset: str, split: str, where: str | None) -> set[str]:
    return set(find_clips(dataset, split, where).speakers)


def _write(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(content, indent=1).encode() + b"\n")

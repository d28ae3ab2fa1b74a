"""Trains and judges one job. What lies there from an earlier call is taken as it is."""

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ablations.numbers import SHARPNESS, numbers_of, sharpness_of
from benchmarks.ablations.variants import Job, settings_of
from schemas.errors import UsageError
from schemas.stored.clip_index import find_clips
from schemas.stored.record import dataset_sha256
from speech2vid.evaluation.clips import read_evaluation_clips
from speech2vid.evaluation.conditions import MEAN_STILLS, REAL, STILL, FaceGenerator
from speech2vid.evaluation.evaluate import EvaluationSettings, evaluate
from speech2vid.evaluation.face_networks import load_face_network
from speech2vid.generator.file import DeblurringFile, GeneratorFile
from speech2vid.generator_training.recipes import GeneratorTrainingSettings
from speech2vid.generator_training.train import DEBLURRING, GENERATOR, RECORD, read_options, train_dataset
from speech2vid.training.run_folder import write_whole
from transforms.speakers.sync_network import load_sync_network

NUMBERS_FILE = "numbers.json"
_ASKED_FILE = "asked.json"
Train = Callable[[str, str | None, Path, int, GeneratorTrainingSettings], None]
_REFERENCES = (STILL, MEAN_STILLS, REAL, "chance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What all jobs share."""

    dataset: str
    where: str | None
    evaluate_on: str
    evaluate_split: str
    evaluate_where: str | None
    steps: int
    clips: int  # judged, at most
    face_network: str
    sync: str

    def record(self) -> dict[str, object]:
        """All that the numbers hang on, but the seeds."""
        found = {name: getattr(self, name) for name in self.__slots__ if name not in ("dataset", "evaluate_on")}
        return found | {"dataset": dataset_sha256(self.dataset), "evaluate_on": dataset_sha256(self.evaluate_on)}


def require_judges(asked: Asked) -> None:
    """UsageError before anything is trained where a network that judges is missing."""
    load_face_network(asked.face_network)
    if asked.sync != "none":
        load_sync_network(asked.sync)


def refuse_others(asked: Asked, output: Path) -> None:
    """UsageError where the folder holds other ablations, or where people are learnt from and judged on."""
    record, path = asked.record(), output / _ASKED_FILE
    begun = json.loads(path.read_text()) if path.exists() else record
    if differ := [name for name, value in record.items() if begun.get(name) != value]:
        raise UsageError(
            f"{output} holds ablations of another {differ[0]}: choose another --output, or give what they "
            "were begun with to go on"
        )
    learnt = _people(asked.dataset, "train", asked.where)
    if both := sorted(learnt & _people(asked.evaluate_on, asked.evaluate_split, asked.evaluate_where)):
        raise UsageError(
            f"{', '.join(both[:3])} would be learnt from and judged on: leave them out of one by --where "
            "or --evaluate_where, or give --evaluate_on a dataset of other people"
        )
    _write(path, record)


def train_job(job: Job, asked: Asked, output: Path, train: Train) -> None:
    """Train in a process of its own, which gives back its memory; or go on with what was killed."""
    folder = output / job.training_folder
    if not (folder / GENERATOR).exists():
        train(asked.dataset, asked.where, folder, job.seed, settings_of(job.variant, asked.steps))


def train_apart(dataset: str, where: str | None, folder: Path, seed: int, settings: GeneratorTrainingSettings) -> None:
    """See train_job: readers are forked before anything that judges has begun threads."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as processes:
        processes.submit(_train, dataset, where, folder, seed, settings).result()


def judge_job(job: Job, asked: Asked, output: Path) -> dict[str, object]:
    """Numbers of a job, of what needs no generator, and its speed; kept in its folder."""
    path, training = output / job.folder / NUMBERS_FILE, output / job.training_folder
    if path.exists():
        return json.loads(path.read_text())
    deblurring = training / DEBLURRING if job.variant.deblurs else None
    judged = path.parent / "judged"
    evaluate(_evaluation_settings(asked, training / GENERATOR, deblurring), judged)
    measures = json.loads((judged / "evaluation.json").read_text())["measures"]
    found = {
        "numbers": numbers_of(measures) | {SHARPNESS: _sharpness(asked, training / GENERATOR, deblurring)},
        "references": {shown: numbers_of(measures, shown) for shown in _REFERENCES},
        "samples_s": json.loads((training / RECORD).read_text())["samples_s"],
    }
    _write(path, found)
    return found


def _train(dataset: str, where: str | None, folder: Path, seed: int, settings: GeneratorTrainingSettings) -> None:
    words = ["--dataset", dataset, "--recipe", settings.name, "--output", str(folder), "--seed", str(seed)]
    train_dataset(read_options([*words, *(["--where", where] if where else [])]), settings)


def _evaluation_settings(asked: Asked, generator: Path, deblurring: Path | None) -> EvaluationSettings:
    return EvaluationSettings(
        dataset=asked.evaluate_on,
        checkpoint=generator,
        deblurring=deblurring,
        split=asked.evaluate_split,
        where=asked.evaluate_where,
        max_clips=asked.clips,
        face_network=asked.face_network,
        sync=asked.sync,
    )


def _sharpness(asked: Asked, generator: Path, deblurring: Path | None) -> float:
    network = GeneratorFile(generator)
    clips, _ = read_evaluation_clips(
        asked.evaluate_on, asked.evaluate_split, asked.evaluate_where, asked.clips, network.shape
    )
    return sharpness_of(FaceGenerator(network=network, deblurring=deblurring and DeblurringFile(deblurring)), clips)


def _people(dataset: str, split: str, where: str | None) -> set[str]:
    return set(find_clips(dataset, split, where).speakers)


def _write(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(content, indent=1).encode() + b"\n")

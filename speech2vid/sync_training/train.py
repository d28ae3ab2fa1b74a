"""Training of the sync network from a dataset: rounds of cross-validation, then the networks of the result."""

import hashlib
import importlib.metadata
import time
from collections import Counter
from pathlib import Path

from schemas.errors import UsageError
from schemas.stored.record import dataset_sha256
from speech2vid.sync_training.card import FinishedTraining, write_finished
from speech2vid.sync_training.clips import TalkingClip, read_lags, write_lags
from speech2vid.sync_training.dataset import read_clips
from speech2vid.sync_training.export import export_towers
from speech2vid.sync_training.lags import RULES, corrected_lags
from speech2vid.sync_training.loop import SyncTrainingSettings
from speech2vid.sync_training.options import IDENTIFYING_OPTIONS, LOG_MEL, SPEECH, SyncTrainingOptions
from speech2vid.sync_training.rounds import CrossValidation, RoundPlan, cross_validate, train_on_all
from speech2vid.sync_training.towers import SyncTowers
from speech2vid.sync_training.worker_pool import open_pool
from speech2vid.training.curves import CurvesOfTrainings
from speech2vid.training.publish import published_last
from speech2vid.training.run_folder import RunFolder

NETWORKS = {SPEECH: "lip_sync.onnx", LOG_MEL: "log_mel_judge.onnx"}
"""Name of the network's file by its audio features."""
Lags = dict[str, float | None]
"""Lag in frames by file name of the source; None: drop it. See read_lags."""


def train_sync_network(options: SyncTrainingOptions) -> None:
    """Train the sync network, or resume its training, and write it to the output folder.

    UsageError: the folder holds another run, or the dataset has too few speakers.
    """
    start = time.monotonic()
    lags = read_lags(Path(options.lags)) if options.lags else {}
    folder = RunFolder(path=Path(options.output), network_name=NETWORKS[options.audio_features])
    identity = run_identity(options, lags)
    folder.refuse_another_run(identity)
    clips = _clips(options, lags)
    if options.where:
        licences = sorted(Counter(clip.licence for clip in clips).items())
        print("--where keeps " + "; ".join(f"{number} clips under {name!r}" for name, number in licences))
    folder.begin(identity)
    _train(options, folder, clips, lags, identity)
    print(f"{time.monotonic() - start:.0f} s")


def run_identity(options: SyncTrainingOptions, lags: Lags) -> dict[str, object]:
    """Everything that determines the result, except the processor."""
    return {
        "dataset": dataset_sha256(options.dataset),
        "lags": lags,
        **{name: getattr(options, name) for name in IDENTIFYING_OPTIONS},
        **{name: importlib.metadata.version(name) for name in ("torch", "numpy")},
    }


def _train(
    options: SyncTrainingOptions, folder: RunFolder, clips: list[TalkingClip], lags: Lags, identity: dict[str, object]
) -> None:
    """Run all rounds, each but the last for the lags that it measures."""
    curves = CurvesOfTrainings(folder.tensorboard)
    for number in range(1, options.rounds):
        with open_pool(clips, options.workers) as pool:
            validation = cross_validate(clips, _plan(options, folder, number), pool, curves)
        measured = _measured_lags(clips, validation, lags)
        _write_lags(measured, lags, folder.path / f"lags_round{number}.csv")
        lags, clips = measured, _clips(options, measured)
    plan = _plan(options, folder, options.rounds)
    with open_pool(clips, options.workers) as pool:
        validation = cross_validate(clips, plan, pool, curves)
        pairs = train_on_all(plan, validation.steps, pool, curves)
    _write(options, folder, clips, plan, validation, pairs, identity)


def _plan(options: SyncTrainingOptions, folder: RunFolder, number: int) -> RoundPlan:
    return RoundPlan(
        folder=folder.checkpoints / f"round{number}",
        seed=options.seed,
        num_networks=options.networks,
        settings=SyncTrainingSettings(
            steps=options.steps,
            patience=options.patience,
            width=options.width,
            log_mel_only=options.audio_features == LOG_MEL,
        ),
        num_folds=options.folds,
    )


def _clips(options: SyncTrainingOptions, lags: Lags) -> list[TalkingClip]:
    clips = read_clips(options.dataset, lags, options.where, log_mel_only=options.audio_features == LOG_MEL)
    num_speakers = len({clip.speaker for clip in clips})
    if num_speakers < options.folds + 1:
        left = " left" if lags or options.where else ""
        raise UsageError(
            f"the train split of {options.dataset} has clips of {num_speakers} people{left}: --folds "
            f"{options.folds} needs {options.folds + 1} or more"
        )
    return clips


def _measured_lags(clips: list[TalkingClip], validation: CrossValidation, lags: Lags) -> Lags:
    similarities = [found for result in validation.results for found in result.similarities.items()]
    return corrected_lags(clips, similarities, validation.calibration, lags)


def _write_lags(measured: Lags, before: Lags, path: Path) -> None:
    head = "Lags in frames of 1/25 s, + = the audio is late, of the sources whose lag was given or measured."
    write_lags(measured, [head, *RULES], path)
    changed = [name for name in measured if name not in before or measured[name] != before[name]]
    dropped = sum(measured[name] is None for name in changed)
    print(f"{path}: {len(changed) - dropped} sources have another lag than before, {dropped} more are dropped")


def _write(
    options: SyncTrainingOptions,
    folder: RunFolder,
    clips: list[TalkingClip],
    plan: RoundPlan,
    validation: CrossValidation,
    pairs: list[SyncTowers],
    identity: dict[str, object],
) -> None:
    """Write record and card, and the network last."""
    with published_last(folder.network) as partial:
        export_towers(pairs, partial, folder.network.stem, validation.calibration)
        content = partial.read_bytes()
        finished = FinishedTraining(
            network_name=folder.network.name,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            options=options,
            identity=identity,
            clips=clips,
            plan=plan,
            validation=validation,
        )
        write_finished(finished, folder.path)
    print(f"{folder.network}: {finished.size_bytes / 1e6:.1f} MB, sha256 {finished.sha256}")

"""Record and model card of a trained sync network: what the program itself knows of it."""

import dataclasses
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speech2vid.sync_training.clips import TalkingClip
from speech2vid.sync_training.options import IDENTIFYING_OPTIONS, SyncTrainingOptions
from speech2vid.sync_training.rounds import CrossValidation, RoundPlan
from speech2vid.training.card import TrainingData, data_section, making_section, section, table, write_card
from speech2vid.training.record import command_line, write_record


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTraining:
    """A trained network, and what led to it."""

    network_name: str
    size_bytes: int
    sha256: str
    options: SyncTrainingOptions
    identity: dict[str, Any]  # of the run: see run_identity
    clips: list[TalkingClip]  # that the last round was trained on
    plan: RoundPlan  # of the last round
    validation: CrossValidation  # of the last round

    @property
    def command(self) -> str:
        """The command that repeats the run, without this machine's paths."""
        options = self.options
        lags = Path(options.lags).name if options.lags else None
        identifying = {name: getattr(options, name) for name in IDENTIFYING_OPTIONS}
        return command_line("train-sync", {"dataset": "OUT", "output": "DIR", "lags": lags, **identifying})

    @property
    def training_data(self) -> TrainingData:
        """Speakers and licences of the clips."""
        frames: Counter[str] = Counter()
        for clip in self.clips:
            frames[clip.speaker] += len(clip)
        licences = Counter(clip.licence for clip in self.clips)
        dataset_sha256 = str(self.identity["dataset"])
        return TrainingData(frames=frames, licences=licences, dataset_sha256=dataset_sha256, names_largest=True)


def write_finished(finished: FinishedTraining, folder: Path) -> None:
    """Write training.json and card.md."""
    write_record(folder, _record(finished))
    about = (
        "Whether a face makes an audio, and by how much the audio is late: "
        f"{finished.plan.num_networks} networks averaged, {finished.size_bytes / 1e6:.1f} MB."
    )
    details = (
        f"with seed {finished.plan.seed}, on torch {finished.identity['torch']}. The same dataset, command and "
        "processor family give the same file to the bit, on any number of workers. "
        f"{finished.validation.steps} steps were chosen on held-out speakers; the networks of the result were trained "
        "on all."
    )
    sections = (
        data_section(finished.training_data),
        making_section(finished.command, details),
        _scores_section(finished.validation),
        _calibration_section(finished),
    )
    write_card(folder, finished.network_name, finished.sha256, about, sections)


def _record(finished: FinishedTraining) -> dict[str, object]:
    validation, data = finished.validation, finished.training_data
    return {
        "sha256": finished.sha256,
        "command": finished.command,
        "run": finished.identity,
        "settings": dataclasses.asdict(dataclasses.replace(finished.plan.settings, steps=validation.steps)),
        "clips": data.num_clips,
        "frames": data.frames.total(),
        "speakers": sorted(data.frames),
        "licences": dict(data.licences),
        "held_out_speakers": [sorted(speakers) for speakers in validation.folds],
        "held_out": [
            {str(step): dataclasses.asdict(found) for step, found in fold.items()} for fold in validation.scores
        ],
        "calibration": dataclasses.asdict(validation.calibration),
        "calibration_scores": {
            f"{length} s": dataclasses.asdict(found) for length, found in validation.calibration_scores.items()
        },
    }


def _scores_section(validation: CrossValidation) -> str:
    at_best = [
        (", ".join(sorted(speakers)), found.num_clips, _number(found.lag_share), found.num_segments, _number(found.auc))
        for speakers, found in zip(
            validation.folds, (fold[validation.steps] for fold in validation.scores), strict=True
        )
    ]
    curve = [
        (
            step,
            _number(_mean([fold[step].lag_share for fold in validation.scores])),
            _number(_mean([fold[step].auc for fold in validation.scores])),
        )
        for step in validation.scores[0]
    ]
    return section(
        "Scores on held-out speakers",
        f"One network of each fold, at {validation.steps} steps; AUC: a right pair of 3 s against another speaker's "
        "audio, by the curve's peak.",
        table(("held-out speakers", "clips", "lag found within a frame", "segments", "AUC"), at_best),
        table(("steps", "lag found, mean of folds", "AUC, mean of folds"), curve),
    )


def _calibration_section(finished: FinishedTraining) -> str:
    rows = [
        (length, found.num_right, found.num_wrong, _number(found.log_loss), _number(found.expected_error))
        for length, found in finished.validation.calibration_scores.items()
    ]
    return section(
        "Calibration",
        f"`sync_probability` by logistic regression on segments of held-out speakers, {finished.plan.num_networks} "
        "networks of each fold, with their own audio and with wrong audio (another speaker's, the speaker's other "
        "clip, moved, reversed); right and wrong pairs, lengths, and speakers have equal weight. Each fold is scored "
        "by a calibration learnt on the others.",
        table(("length, s", "right", "wrong", "log loss", "expected calibration error"), rows),
    )


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "-"

"""What is written beside a trained network: training.json, and a model card of what the program itself knows."""

import dataclasses
import json
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from schemas.clock import seconds_from_frames
from speech2vid.sync_training.clips import TalkingClip
from speech2vid.sync_training.rounds import HeldOut, RoundPlan

RECORD, CARD = "training.json", "card.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTraining:
    """A network that was written, and what led to it."""

    name: str
    size_bytes: int
    sha256: str
    command: str  # without this machine's paths
    run: dict[str, object]  # what makes a run the same run: see sync_run
    clips: list[TalkingClip]  # of the last round, as learnt from
    plan: RoundPlan
    held_out: HeldOut  # of the last round


def write_record(done: FinishedTraining, output: Path) -> None:
    """Write both files."""
    (output / RECORD).write_text(json.dumps(_strict(_record(done)), indent=1) + "\n")
    (output / CARD).write_text(_card(done))


def _record(done: FinishedTraining) -> dict[str, object]:
    held = done.held_out
    return {
        "sha256": done.sha256,
        "command": done.command,
        "run": done.run,
        "settings": dataclasses.asdict(dataclasses.replace(done.plan.settings, steps=held.steps)),
        "clips": len(done.clips),
        "frames": sum(map(len, done.clips)),
        "people": sorted({clip.speaker for clip in done.clips}),
        "licences": dict(_licences(done.clips)),
        "people_left_out": [sorted(people) for people in held.folds],
        "held_out": [{str(step): dataclasses.asdict(found) for step, found in fold.items()} for fold in held.scores],
        "calibration": dataclasses.asdict(held.calibration),
        "calibration_scores": {
            f"{length} s": dataclasses.asdict(found) for length, found in held.calibration_scores.items()
        },
    }


def _card(done: FinishedTraining) -> str:
    about = (
        f"Do these lips make this audio, and by how much is the audio late? {done.plan.num_networks} networks "
        f"averaged, {done.size_bytes / 1e6:.1f} MB."
    )
    return (
        "\n\n".join(
            [
                f"# {done.name}",
                about,
                f"sha256 {done.sha256}",
                *_data(done),
                *_making(done),
                *_numbers(done.held_out),
                *_worth(done),
            ]
        )
        + "\n"
    )


def _data(done: FinishedTraining) -> list[str]:
    frames: Counter[str] = Counter()
    for clip in done.clips:
        frames[clip.speaker] += len(clip)
    most, max_frames = min(frames.items(), key=lambda item: (-item[1], item[0]))
    minutes = seconds_from_frames(frames.total()) / 60
    return [
        "## Data",
        (
            f"{len(done.clips)} clips, {minutes:.1f} minutes, {len(frames)} people, of whom {most} has "
            f"{max_frames / frames.total():.0%}. The weights come under what these licences allow together:"
        ),
        _table(("licence, as given with the sources", "clips"), _licences(done.clips).most_common()),
        f"dataset.json of the dataset has sha256 {done.run['dataset']}.",
    ]


def _making(done: FinishedTraining) -> list[str]:
    return [
        "## How it was made",
        f"    {done.command}",
        (
            f"with seed {done.plan.seed}, on torch {done.run['torch']}. The same dataset, command and processor "
            "family give the same file to the bit, on any number of workers. "
            f"{done.held_out.steps} steps were chosen on people left out; the kept networks learnt from all."
        ),
    ]


def _numbers(held: HeldOut) -> list[str]:
    at_best = [
        (", ".join(sorted(people)), found.num_clips, _number(found.lag_share), found.num_pieces, _number(found.auc))
        for people, found in zip(held.folds, (fold[held.steps] for fold in held.scores), strict=True)
    ]
    curve = [
        (
            step,
            _number(_mean([fold[step].lag_share for fold in held.scores])),
            _number(_mean([fold[step].auc for fold in held.scores])),
        )
        for step in held.scores[0]
    ]
    return [
        "## Numbers on people left out",
        (
            f"One network a fold, at {held.steps} steps; AUC: a right pair of 3 s against another person's audio, by "
            "the curve's peak."
        ),
        _table(("left out", "clips", "lag found within a frame", "pieces", "AUC"), at_best),
        _table(("steps", "lag found, mean of folds", "AUC, mean of folds"), curve),
    ]


def _worth(done: FinishedTraining) -> list[str]:
    rows = [
        (length, found.num_right, found.num_wrong, _number(found.log_loss), _number(found.expected_error))
        for length, found in done.held_out.calibration_scores.items()
    ]
    return [
        "## What a curve is worth",
        (
            f"`sync_probability` by logistic regression on pieces of people left out, {done.plan.num_networks} "
            "networks a fold, with their own audio and with wrong ones (another person's, the person's other clip, "
            "moved, reversed); right and wrong, lengths, and people count alike. Each fold is judged by what the "
            "others taught."
        ),
        _table(("length, s", "right", "wrong", "log loss", "expected calibration error"), rows),
    ]


def _table(heads: tuple[str, ...], rows: list[tuple]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _licences(clips: list[TalkingClip]) -> Counter[str]:
    return Counter(clip.licence for clip in clips)


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "-"


def _strict(value):
    """The same for JSON, which has no NaN: null."""
    if isinstance(value, dict):
        return {str(key): _strict(own) for key, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(own) for own in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

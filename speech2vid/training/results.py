"""What a finished training writes: its network, record and card."""

import dataclasses
import hashlib
import os
from typing import Any

from schemas.settings import setting_values
from speech2vid.training.card import data_section, making_section, write_card
from speech2vid.training.loop import TrainingLoop
from speech2vid.training.options import TrainingOptions
from speech2vid.training.publish import published_last
from speech2vid.training.record import command_line, write_record
from speech2vid.training.run_folder import RunFolder
from speech2vid.training.state import BestStep, hardware_of
from speech2vid.training.watch import TrainingWatch


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTraining:
    """A training whose averaged network holds its best weights."""

    options: TrainingOptions
    settings: Any  # a dataclass of sections
    standard: Any  # the same as the recipe has it
    identity: dict[str, Any]
    loop: TrainingLoop
    best: BestStep


def write_results(training: FinishedTraining, folder: RunFolder, watch: TrainingWatch) -> None:
    """Write record, card and the task's files, and the network last."""
    task = training.loop.task
    with published_last(folder.network) as partial:
        task.export(training.loop.averaged, partial)
        content = partial.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        speed = {"samples_s": watch.samples_s, "data_wait_share": watch.wait_share}
        write_record(folder.path, {"sha256": sha256, **_record(training), **speed})
        sections = (data_section(task.data), making_section(_repeating_command(training), _details(training)))
        write_card(folder.path, task.network_name, sha256, task.about(len(content)), sections)
    watch.say(f"best at step {training.best.step}, score {training.best.score:.3f}")
    watch.say(f"{folder.network}: {len(content) / 1e6:.1f} MB, sha256 {sha256}")


def _record(training: FinishedTraining) -> dict[str, object]:
    task = training.loop.task
    return {
        "run": training.identity,
        "hardware": hardware_of(training.loop),
        "clips": task.data.num_clips,
        "skipped": task.data.num_skipped,
        "steps": training.loop.steps,
        "best": dataclasses.asdict(training.best),
        **task.record(),
    }


def _repeating_command(training: FinishedTraining) -> str:
    """The command of the run, with the settings that differ from the recipe's."""
    options = training.options
    changed = changed_settings(training.settings, training.standard)
    given = {
        "dataset": "OUT",
        "recipe": options.recipe,
        "output": "DIR",
        "seed": options.seed,
        "threads": options.threads,
        "where": options.where,
        "validate_where": options.validate_where,
        "set": [f"{name}={_published(value)}" for name, value in changed.items()],
    }
    return command_line("train", given)


def changed_settings(settings: Any, standard: Any) -> dict[str, object]:
    """Settings by full name, of those that are not as the recipe has them."""
    before, now = (
        {
            name: value
            for section in dataclasses.fields(of)
            for name, value in setting_values(section.name, getattr(of, section.name)).items()
        }
        for of in (standard, settings)
    )
    return {name: value for name, value in now.items() if value != before[name]}


def _published(value: object) -> str:
    """A setting's value as --set takes it, without folders of this machine."""
    return "none" if value is None else os.path.basename(value) if isinstance(value, str) else str(value)


def _details(training: FinishedTraining) -> str:
    hardware, best = hardware_of(training.loop), training.best
    return (
        f"{training.loop.steps} steps; the best of its validations, after step {best.step}, was kept: "
        + ", ".join(f"{name} {value:.3f}" for name, value in best.measures.items())
        + f". Processes: {hardware['processes']}; torch {hardware['torch']}. With --threads 1 the same command gives "
        "the same bits."
    )

"""What a killed training resumes from, on the same machine to the same bits or on another one, and its best network."""

import importlib.metadata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from speech2vid.training.checkpoint import Checkpoint, save_checkpoint
from speech2vid.training.loop import TrainingLoop
from speech2vid.training.task import Validation
from speech2vid.training.tensor_files import load_facts, load_tensors, save_tensors

_LEARNING, _AVERAGE, _FROZEN = "learning", "average", "frozen_"


@dataclass(frozen=True, slots=True, kw_only=True)
class BestStep:
    """The validation with the highest score so far."""

    step: int
    score: float
    measures: Mapping[str, float]


def hardware_of(loop: TrainingLoop) -> dict[str, object]:
    """What a resumed run may have otherwise; then its numbers are not those of a run that was never interrupted."""
    return {
        "processes": loop.ranks.num_ranks,
        "device": loop.ranks.device.type,
        "threads": torch.get_num_threads(),
        **{name: importlib.metadata.version(name) for name in ("torch", "numpy")},
    }


def save_state(loop: TrainingLoop, path: Path) -> None:
    """Write everything that the next step depends on."""
    networks: dict[str, nn.Module | None] = {_LEARNING: loop.task.network, _AVERAGE: loop.average}
    networks |= {f"{_FROZEN}{name}": network for name, network in loop.task.frozen.items()}
    facts = {"steps": loop.steps, "batches_drawn": loop.batches_drawn, "hardware": hardware_of(loop)}
    save_checkpoint(path, networks, loop.optimizer, facts)


def resume_state(loop: TrainingLoop, path: Path) -> str:
    """Bring a new loop to the saved state; gives a line about it for the user.

    With another number of ranks the data go on after as many samples as all ranks had drawn together.
    """
    checkpoint = Checkpoint(path)
    frozen = {f"{_FROZEN}{name}": network for name, network in loop.task.frozen.items()}
    checkpoint.restore(loop.optimizer, **{_LEARNING: loop.task.network, _AVERAGE: loop.average}, **frozen)
    before, now = checkpoint.facts["hardware"], hardware_of(loop)
    loop.steps = checkpoint.facts["steps"]
    loop.batches_drawn = checkpoint.facts["batches_drawn"] * before["processes"] // loop.ranks.num_ranks
    changed = ", ".join(f"{name} {before[name]} -> {now[name]}" for name in now if before[name] != now[name])
    line = f"resumes after step {loop.steps}"
    return f"{line} on other hardware or versions ({changed}): not to the same bits" if changed else line


def save_best(loop: TrainingLoop, validation: Validation, path: Path) -> BestStep:
    """Write the averaged weights with their validation."""
    best = BestStep(step=loop.steps, score=validation.score, measures=dict(validation.measures))
    save_tensors(loop.averaged.state_dict(), asdict(best), path)
    return best


def best_so_far(path: Path, steps: int) -> BestStep | None:
    """The best validation in the first steps; None where there is none yet."""
    if not path.exists():
        return None
    best = BestStep(**load_facts(path))
    return best if best.step <= steps else None


def load_best(network: nn.Module, path: Path) -> None:
    """Bring a network to the weights of save_best."""
    network.load_state_dict(load_tensors(path)[0])

"""A training's whole state in one safetensors file, so that a killed one goes on as if nothing had happened.

The state: both sets of weights, the optimizer's moments, both sources of random numbers, losses and scores so far. A
file appears whole or not at all: it is written under another name and renamed.
"""
import json
import os
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from speech2vid.sync_scoring import SyncScore
from speech2vid.sync_towers import SyncTowers
from speech2vid.sync_training import SyncTraining, SyncTrainingSettings, new_towers

Scores = dict[int, SyncScore]
"""Steps -> quality on people left out."""
_FACTS, _RANDOM = "facts", "torch_random"


def save_training(training: SyncTraining, scores: Scores, path: Path) -> None:
    """Write all that the next step hangs on."""
    moments = training.optimizer.state_dict()["state"]
    tensors = {_RANDOM: torch.get_rng_state()}
    tensors |= {f"learning.{name}": value for name, value in training.learning.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in training.average.state_dict().items()}
    tensors |= {f"optimizer.{index}.{name}": value for index, own in moments.items() for name, value in own.items()}
    facts = {"losses": training.losses, "random": training.random.bit_generator.state,
             "scores": {str(step): asdict(found) for step, found in scores.items()}}
    _save(tensors, {_FACTS: json.dumps(facts)}, path)


def resume_training(training: SyncTraining, path: Path) -> Scores:
    """Bring a new training of the same clips, settings and seed to the state in the file; returns its scores."""
    tensors = load_file(path)
    losses, scores = read_history(path)
    training.losses[:] = losses
    training.random.bit_generator.state = _facts(path)["random"]
    training.learning.load_state_dict(_below("learning.", tensors))
    training.average.load_state_dict(_below("average.", tensors))
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _below("optimizer.", tensors).items():
        index, _, moment = name.partition(".")
        moments.setdefault(int(index), {})[moment] = value
    training.optimizer.load_state_dict(training.optimizer.state_dict() | {"state": moments})
    torch.set_rng_state(tensors[_RANDOM])
    return scores


def read_history(path: Path) -> tuple[list[float], Scores]:
    """Losses, one a step, and scores of a training's file."""
    facts = _facts(path)
    return facts["losses"], {int(step): SyncScore(**found) for step, found in facts["scores"].items()}


def save_towers(towers: SyncTowers, path: Path) -> None:
    """Write towers alone."""
    _save(towers.state_dict(), {}, path)


def load_towers(path: Path, settings: SyncTrainingSettings) -> SyncTowers:
    """Towers of a file of save_towers, ready to embed."""
    towers = new_towers(settings)
    towers.load_state_dict(load_file(path))
    return towers.eval()


def _facts(path: Path) -> dict:
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()[_FACTS])


def _save(tensors: dict[str, torch.Tensor], metadata: dict[str, str], path: Path) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    save_file({name: value.contiguous() for name, value in tensors.items()}, temporary, metadata=metadata)
    os.replace(temporary, path)


def _below(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

"""A training's whole state in one safetensors file, so that a killed one goes on as if nothing had happened.

The state: both sets of weights, the optimizer's moments, both sources of random numbers, losses and scores so far. A
file appears whole or not at all: it is written under another name and renamed.
"""

from dataclasses import asdict
from pathlib import Path

import torch

from speech2vid.sync_training.loop import SyncTraining, SyncTrainingSettings, new_towers
from speech2vid.sync_training.scoring import SyncScore
from speech2vid.sync_training.towers import SyncTowers
from speech2vid.training.tensor_files import (
    above,
    below,
    give_moments,
    load_facts,
    load_tensors,
    moments_of,
    save_tensors,
)

Scores = dict[int, SyncScore]
"""Steps -> quality on people left out."""
_RANDOM = "torch_random"


def save_training(training: SyncTraining, scores: Scores, path: Path) -> None:
    """Write all that the next step hangs on."""
    tensors = {
        _RANDOM: torch.get_rng_state(),
        **above("learning", training.learning.state_dict()),
        **above("average", training.average.state_dict()),
        **above("optimizer", moments_of(training.optimizer)),
    }
    facts = {
        "losses": training.losses,
        "random": training.random.bit_generator.state,
        "scores": {str(step): asdict(found) for step, found in scores.items()},
    }
    save_tensors(tensors, facts, path)


def resume_training(training: SyncTraining, path: Path) -> Scores:
    """Bring a new training of the same clips, settings and seed to the state in the file; returns its scores."""
    tensors, facts = load_tensors(path)
    losses, scores = _history(facts)
    training.losses[:] = losses
    training.random.bit_generator.state = facts["random"]
    training.learning.load_state_dict(below("learning", tensors))
    training.average.load_state_dict(below("average", tensors))
    give_moments(training.optimizer, below("optimizer", tensors))
    torch.set_rng_state(tensors[_RANDOM])
    return scores


def read_history(path: Path) -> tuple[list[float], Scores]:
    """Losses, one a step, and scores of a training's file."""
    return _history(load_facts(path))


def save_towers(towers: SyncTowers, path: Path) -> None:
    """Write towers alone."""
    save_tensors(towers.state_dict(), {}, path)


def load_towers(path: Path, settings: SyncTrainingSettings) -> SyncTowers:
    """Towers of a file of save_towers, ready to embed."""
    towers = new_towers(settings)
    towers.load_state_dict(load_tensors(path)[0])
    return towers.eval()


def _history(facts: dict) -> tuple[list[float], Scores]:
    return facts["losses"], {int(step): SyncScore(**found) for step, found in facts["scores"].items()}

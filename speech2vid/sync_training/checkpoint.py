"""Checkpoint of the training of one pair of towers, and the weight files of its results."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from speech2vid.sync_training.loop import SyncTraining, SyncTrainingSettings, new_towers
from speech2vid.sync_training.scoring import SyncScore
from speech2vid.sync_training.towers import SyncTowers
from speech2vid.training.checkpoint import Checkpoint, save_checkpoint
from speech2vid.training.tensor_files import load_facts, load_tensors, save_tensors

Scores = dict[int, SyncScore]
"""Steps -> quality on held-out speakers."""


def save_training(training: SyncTraining, scores: Scores, path: Path) -> None:
    """Write everything that the next step depends on, and the losses and scores so far."""
    facts = {
        "losses": training.losses,
        "random": training.random.bit_generator.state,
        "scores": {str(step): asdict(found) for step, found in scores.items()},
    }
    networks = {"learning": training.learning, "average": training.average}
    save_checkpoint(path, networks, training.optimizer, facts, with_random_state=True)


def resume_training(training: SyncTraining, path: Path) -> Scores:
    """Bring a new training of the same clips, settings and seed to the saved state; returns its scores."""
    checkpoint = Checkpoint(path)
    losses, scores = _history(checkpoint.facts)
    training.losses[:] = losses
    training.random.bit_generator.state = checkpoint.facts["random"]
    checkpoint.restore(training.optimizer, learning=training.learning, average=training.average)
    checkpoint.restore_random_state()
    return scores


def read_history(path: Path) -> tuple[list[float], Scores]:
    """Losses, one of each step, and scores of a checkpoint."""
    return _history(load_facts(path))


def save_towers(towers: SyncTowers, path: Path) -> None:
    """Write the weights of a pair of towers."""
    save_tensors(towers.state_dict(), {}, path)


def load_towers(path: Path, settings: SyncTrainingSettings) -> SyncTowers:
    """Load a file of save_towers, ready to embed."""
    towers = new_towers(settings)
    towers.load_state_dict(load_tensors(path)[0])
    return towers.eval()


def _history(facts: Mapping[str, Any]) -> tuple[list[float], Scores]:
    return facts["losses"], {int(step): SyncScore(**found) for step, found in facts["scores"].items()}

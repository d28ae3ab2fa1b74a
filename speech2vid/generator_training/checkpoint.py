"""Checkpoint of a generator's training, and the weight files of its results."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from schemas.errors import UsageError
from speech2vid.generator.deblurring import Deblurring
from speech2vid.generator.lip_network import LipNetwork
from speech2vid.generator.networks import Generator
from speech2vid.generator.settings import GeneratorSettings
from speech2vid.generator_training.loop import GeneratorTraining
from speech2vid.training.checkpoint import Checkpoint, save_checkpoint
from speech2vid.training.tensor_files import load_tensors, save_tensors


def save_training(training: GeneratorTraining, place: Mapping[str, object], path: Path) -> None:
    """Write everything that the next step depends on; place: the position of the stream of samples."""
    networks = {
        "learning": training.generator,
        "average": training.average,
        "lips": training.lip_network,
        "deblurring": training.deblurring,
    }
    save_checkpoint(path, networks, training.optimizer, {"steps": training.steps, "place": place})


def resume_training(training: GeneratorTraining, path: Path) -> dict[str, Any]:
    """Bring a new training of the same settings and seed to the saved state; returns the stream's position."""
    checkpoint = Checkpoint(path)
    training.steps = checkpoint.facts["steps"]
    checkpoint.restore(training.optimizer, learning=training.generator, average=training.average)
    device = training.ranks.device
    if lips := checkpoint.weights("lips"):
        training.lip_network = LipNetwork(len(lips["last.3.bias"])).to(device).requires_grad_(False).eval()
        training.lip_network.load_state_dict(lips)
    if deblurring := checkpoint.weights("deblurring"):
        training.deblurring = Deblurring(len(deblurring["layers.0.bias"])).to(device).requires_grad_(False).eval()
        training.deblurring.load_state_dict(deblurring)
    return checkpoint.facts["place"]


def save_generator(generator: Generator, path: Path) -> None:
    """Write the weights and settings of a generator."""
    save_tensors(generator.state_dict(), {"generator": asdict(generator.settings)}, path)


def load_generator(path: Path, settings: GeneratorSettings | None = None) -> Generator:
    """Load a file of save_generator; UsageError when it holds no generator, or one of other settings than these."""
    tensors, facts = load_tensors(path)
    if "generator" not in facts:
        raise UsageError(f"{path} holds no generator: give the generator.safetensors that `talkshard train` wrote")
    found = GeneratorSettings(**facts["generator"])
    if settings is not None and found != settings:
        differ = [
            f"{name} {value}, not {asdict(settings)[name]}"
            for name, value in asdict(found).items()
            if value != asdict(settings)[name]
        ]
        raise UsageError(f"{path} holds a generator of {'; '.join(differ)}")
    generator = Generator(found)
    generator.load_state_dict(tensors)
    return generator.eval()


def save_deblurring(network: Deblurring, path: Path) -> None:
    """Write the weights of a deblurring network."""
    save_tensors(network.state_dict(), {"deblurring_width": network.width}, path)

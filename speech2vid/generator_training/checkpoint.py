"""A generator's training in one file, so that a killed one goes on as if nothing had happened; and what it made."""

from dataclasses import asdict
from pathlib import Path

import torch

from schemas.errors import UsageError
from speech2vid.generator.deblurring import Deblurring
from speech2vid.generator.lip_network import LipNetwork
from speech2vid.generator.networks import Generator
from speech2vid.generator.settings import GeneratorSettings
from speech2vid.generator_training.loop import GeneratorTraining
from speech2vid.training.tensor_files import above, below, give_moments, load_tensors, moments_of, save_tensors


def save_training(training: GeneratorTraining, place: dict, path: Path) -> None:
    """Write all that the next step hangs on. place: where the stream of samples stands."""
    networks = {
        "learning": training.generator,
        "average": training.average,
        "lips": training.lip_network,
        "deblurring": training.deblurring,
    }
    tensors = above("optimizer", moments_of(training.optimizer))
    for name, network in networks.items():
        if network is not None:
            tensors |= above(name, network.state_dict())
    save_tensors(tensors, {"steps": training.steps, "place": place}, path)


def resume_training(training: GeneratorTraining, path: Path) -> dict:
    """Bring a new training of the same settings and seed to the state in the file; returns the stream's place."""
    tensors, facts = load_tensors(path)
    training.steps = facts["steps"]
    training.generator.load_state_dict(below("learning", tensors))
    training.average.load_state_dict(below("average", tensors))
    give_moments(training.optimizer, below("optimizer", tensors))
    device = training.ranks.device
    if lips := below("lips", tensors):
        training.lip_network = LipNetwork(len(lips["last.3.bias"])).to(device).requires_grad_(False).eval()
        training.lip_network.load_state_dict(lips)
    if deblurring := below("deblurring", tensors):
        training.deblurring = _deblurring(deblurring).to(device)
    return facts["place"]


def save_generator(generator: Generator, path: Path) -> None:
    """Write weights and settings."""
    save_tensors(generator.state_dict(), {"generator": asdict(generator.settings)}, path)


def load_generator(path: Path, settings: GeneratorSettings | None = None) -> Generator:
    """A generator of a file of save_generator. UsageError when it is none, or not of the settings asked for."""
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
    """Write its weights."""
    save_tensors(network.state_dict(), {"deblurring_width": network.width}, path)


def load_deblurring(path: Path) -> Deblurring:
    """Of a file of save_deblurring."""
    return _deblurring(load_tensors(path)[0])


def _deblurring(tensors: dict[str, torch.Tensor]) -> Deblurring:
    network = Deblurring(len(tensors["layers.0.bias"]))
    network.load_state_dict(tensors)
    return network.requires_grad_(False).eval()

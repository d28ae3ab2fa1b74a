"""Weight files of a trained generator and its deblurring network."""

from dataclasses import asdict
from pathlib import Path

from schemas.errors import UsageError
from speech2vid.generator.deblurring import Deblurring
from speech2vid.generator.networks import Generator
from speech2vid.generator.settings import GeneratorSettings
from speech2vid.training.tensor_files import load_tensors, save_tensors


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

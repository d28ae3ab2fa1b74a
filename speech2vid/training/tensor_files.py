"""Files of tensors that are whole or not there: written under another name, then renamed. Nothing is pickled."""

import json
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from schemas.errors import UsageError

_FACTS = "facts"


def save_tensors(tensors: dict[str, Tensor], facts: dict[str, object], path: Path) -> None:
    """Write tensors by name, and facts that JSON can say."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
        temporary,
        metadata={_FACTS: json.dumps(facts)},
    )
    os.replace(temporary, path)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Tensors and facts; UsageError when the file holds something else."""
    facts = load_facts(path)
    return load_file(path), facts


def load_facts(path: Path) -> dict[str, object]:
    """Facts alone, without reading the tensors; UsageError when the file holds something else."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise UsageError(f"cannot read weights from {path}: {error}") from error
    return json.loads(metadata.get(_FACTS, "{}"))


def above(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same under longer names."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those whose name begins so, under what follows."""
    return {name.removeprefix(f"{prefix}."): value for name, value in tensors.items() if name.startswith(f"{prefix}.")}


def moments_of(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimizer's moments by parameter number and name."""
    return {
        f"{index}.{name}": value
        for index, own in optimizer.state_dict()["state"].items()
        for name, value in own.items()
    }


def give_moments(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put what moments_of gave into an optimizer of the same parameters."""
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, moment = name.partition(".")
        moments.setdefault(int(index), {})[moment] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": moments})

"""Safetensors files that are complete or absent: written under another name, then renamed. Nothing is pickled."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from schemas.errors import UsageError

_FACTS = "facts"


def save_tensors(tensors: Mapping[str, Tensor], facts: Mapping[str, object], path: Path) -> None:
    """Write tensors by name, and facts: values that JSON can hold."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
        temporary,
        metadata={_FACTS: json.dumps(facts)},
    )
    os.replace(temporary, path)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts; UsageError when the file is no safetensors file."""
    facts = load_facts(path)
    return load_file(path), facts


def load_facts(path: Path) -> dict[str, Any]:
    """Facts without reading the tensors; UsageError when the file is no safetensors file."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise UsageError(f"cannot read weights from {path}: {error}") from error
    return json.loads(metadata.get(_FACTS, "{}"))


def with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, each named PREFIX.NAME."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def under_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors named PREFIX.NAME, by NAME; the inverse of with_prefix."""
    start = f"{prefix}."
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def optimizer_moments(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimizer's moments, named NUMBER_OF_PARAMETER.MOMENT."""
    return {
        f"{index}.{name}": value
        for index, moments in optimizer.state_dict()["state"].items()
        for name, value in moments.items()
    }


def restore_moments(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put the result of optimizer_moments into an optimizer of the same parameters."""
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, moment = name.partition(".")
        moments.setdefault(int(index), {})[moment] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": moments})

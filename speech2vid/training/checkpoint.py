"""Checkpoint of a training in one safetensors file, from which a killed run resumes to the same bits."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from speech2vid.training.tensor_files import (
    load_tensors,
    optimizer_moments,
    restore_moments,
    save_tensors,
    under_prefix,
    with_prefix,
)

_OPTIMIZER, _RANDOM = "optimizer", "torch_random"


def save_checkpoint(
    path: Path,
    networks: Mapping[str, nn.Module | None],
    optimizer: torch.optim.Optimizer,
    facts: Mapping[str, object],
    *,
    with_random_state: bool = False,
) -> None:
    """Write everything that the next step depends on.

    networks: by name, None where there is none yet; facts: values that JSON can hold; with_random_state: torch's random
    numbers are part of the state.
    """
    tensors = with_prefix(_OPTIMIZER, optimizer_moments(optimizer))
    for name, network in networks.items():
        if network is not None:
            tensors |= with_prefix(name, network.state_dict())
    if with_random_state:
        tensors[_RANDOM] = torch.get_rng_state()
    save_tensors(tensors, facts, path)


class Checkpoint:
    """A checkpoint that was read from a file of save_checkpoint."""

    def __init__(self, path: Path) -> None:
        """Read the file; UsageError when it is no safetensors file."""
        self._tensors, self.facts = load_tensors(path)

    def weights(self, name: str) -> dict[str, Tensor]:
        """State of the network saved as `name`; empty where it was None."""
        return under_prefix(name, self._tensors)

    def restore(self, optimizer: torch.optim.Optimizer, **networks: nn.Module) -> None:
        """Bring the optimizer and networks, by the names they were saved as, to the saved state."""
        for name, network in networks.items():
            network.load_state_dict(self.weights(name))
        restore_moments(optimizer, under_prefix(_OPTIMIZER, self._tensors))

    def restore_random_state(self) -> None:
        """Bring torch's random numbers to the saved state."""
        torch.set_rng_state(self._tensors[_RANDOM])

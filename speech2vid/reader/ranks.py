"""The processes that torchrun starts, one per device, to train one network; without torchrun there is one."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """This process, and how it works with the others."""

    rank: int
    num_ranks: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process writes and prints."""
        return self.rank == 0

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network, set up so that its gradients are the mean over all ranks."""
        return network if self.num_ranks == 1 else nn.parallel.DistributedDataParallel(network)

    def mean(self, values: Tensor) -> Tensor:
        """Mean over all ranks, so that all of them decide the same; `values` is changed in place."""
        if self.num_ranks > 1:
            distributed.all_reduce(values)
        return values / self.num_ranks

    def from_first(self, is_so: bool) -> bool:
        """What the first rank says, on all ranks."""
        said = torch.tensor(float(is_so and self.is_first), device=self.device)
        return bool(self.mean(said) > 0)

    def share(self, network: nn.Module) -> None:
        """Broadcast the first rank's weights to all ranks."""
        if self.num_ranks > 1:
            for value in network.state_dict().values():
                distributed.broadcast(value, 0)

    def wait(self) -> None:
        """Wait for all ranks."""
        if self.num_ranks > 1:
            distributed.barrier()


@contextlib.contextmanager
def open_ranks(device: str) -> Iterator[Ranks]:
    """Join the other ranks, by torchrun's environment variables.

    device: cpu, cuda, or auto, which takes a GPU where there is one.
    """
    num_ranks, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    kind = device if device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cuda":
        torch.cuda.set_device(local)
    if num_ranks > 1:
        distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
    try:
        yield Ranks(
            rank=int(os.environ.get("RANK", "0")),
            num_ranks=num_ranks,
            device=torch.device(kind, local) if kind == "cuda" else torch.device(kind),
        )
    finally:
        if num_ranks > 1:
            distributed.destroy_process_group()

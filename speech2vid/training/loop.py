"""The training loop, step by step. On one thread a seed gives the same bits, whether the run was resumed or not.

Each batch of a step seeds torch's random numbers with the run's seed, the step, the rank and the batch's number in the
step, so that no random state is stored.
"""

import contextlib
import functools
import math
from collections.abc import Sequence
from typing import Generic

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from schemas.errors import TalkshardError
from speech2vid.reader.ranks import Ranks
from speech2vid.training.loop_settings import LoopSettings
from speech2vid.training.task import Batch, TrainingTask

_FIRST_SHARE, _LAST_SHARE = 0.1, 0.02  # of the learning rate, at the beginning and at the end
Tensors = tuple[Tensor, ...] | list[Tensor]


class TrainingLoop(Generic[Batch]):
    """The network of a task in training, its averaged weights and its optimizer."""

    def __init__(self, task: TrainingTask[Batch], settings: LoopSettings, seed: int, ranks: Ranks) -> None:
        """Begin at step 0 with the task's weights, which `prepare` may still change before `start`."""
        self.task, self.settings, self.seed, self.ranks = task, settings, seed, ranks
        self.steps, self.batches_drawn = 0, 0
        self.average = AveragedModel(task.network, multi_avg_fn=self._average, use_buffers=True)
        self.optimizer = torch.optim.AdamW(task.parameter_groups(), weight_decay=settings.weight_decay)

    @property
    def averaged(self) -> nn.Module:
        """The network of the averaged weights, which is the result of the training."""
        return self.average.module.eval()

    def start(self) -> None:
        """Take the weights that `prepare` left, on all ranks those of the first one."""
        for network in (self.task.network, *self.task.frozen.values()):
            self.ranks.share(network)
        self.average.module.load_state_dict(self.task.network.state_dict())

    def advance(self, batches: Sequence[Batch]) -> dict[str, float]:
        """Make one step from one or more batches, as from one large batch (batch norm sees each on its own).

        Gives the losses by name, means over batches and ranks, `loss` their sum. TalkshardError: not finite.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = group["share"] * learning_rate(self.steps, self.settings)
        self.optimizer.zero_grad(set_to_none=True)
        num_samples = sum(map(len, batches))
        means: dict[str, Tensor] = {}
        for number, batch in enumerate(batches):
            with self._exchange_of(is_last=number == len(batches) - 1):
                for name, term in self._backward(batch, number, len(batch) / num_samples).items():
                    means[name] = means[name] + term if name in means else term
        norm = nn.utils.clip_grad_norm_(self.task.network.parameters(), self.settings.gradient_norm)
        self.optimizer.step()
        self.average.update_parameters(self.task.network)
        self.steps, self.batches_drawn = self.steps + 1, self.batches_drawn + len(batches)
        return self._finite(means | {"gradient_norm": norm})

    def _backward(self, batch: Batch, number: int, share: float) -> dict[str, Tensor]:
        """Add a batch's share to the gradients; its terms and their sum, times the share."""
        torch.manual_seed(_combined_seed(self.seed, self.steps, self.ranks.rank, number))
        with self._precision():
            terms = self.task.losses(self._trained.train(), batch)
            loss = functools.reduce(torch.add, terms.values())
        torch.autograd.backward(share * loss)
        return {name: share * term.detach().float() for name, term in ({"loss": loss} | terms).items()}

    @functools.cached_property
    def _trained(self) -> nn.Module:
        return self.ranks.wrap(self.task.network)

    def _exchange_of(self, *, is_last: bool) -> contextlib.AbstractContextManager:
        """Ranks exchange gradients once a step, with its last batch."""
        if isinstance(self._trained, nn.parallel.DistributedDataParallel) and not is_last:
            return self._trained.no_sync()
        return contextlib.nullcontext()

    def _precision(self) -> torch.autocast:
        device = self.ranks.device
        enabled = self.settings.half_precision and has_fast_half_precision(device)
        return torch.autocast(device.type, torch.bfloat16, enabled=enabled)

    def _average(self, averaged: Tensors, trained: Tensors, num_averaged: Tensor | int) -> None:
        """Average over few steps at first, so that the untrained weights soon count for nothing."""
        steps = int(num_averaged)
        get_ema_multi_avg_fn(min(self.settings.averaging, (1 + steps) / (10 + steps)))(averaged, trained, num_averaged)

    def _finite(self, terms: dict[str, Tensor]) -> dict[str, float]:
        """Means over all ranks; TalkshardError when one is not finite."""
        means = self.ranks.mean(torch.stack([value.detach().float() for value in terms.values()]))
        numbers = dict(zip(terms, means.tolist(), strict=True))
        if not all(map(math.isfinite, numbers.values())):
            raise TalkshardError(
                f"step {self.steps}: the loss is not finite any more ("
                + ", ".join(f"{name} {value:.3g}" for name, value in numbers.items())
                + "): train again with a lower loop.learning_rate, into another --output"
            )
        return numbers


def learning_rate(steps_done: int, settings: LoopSettings) -> float:
    """Linear warm-up, then half a cosine down to nearly zero at the last step."""
    if steps_done < settings.warm_up:
        return settings.learning_rate * (_FIRST_SHARE + (1 - _FIRST_SHARE) * steps_done / settings.warm_up)
    done = (steps_done - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.learning_rate * (_LAST_SHARE + (1 - _LAST_SHARE) * (1 + math.cos(math.pi * min(1.0, done))) / 2)


def has_fast_half_precision(device: torch.device) -> bool:
    """Whether the device computes bfloat16 faster than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _combined_seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)

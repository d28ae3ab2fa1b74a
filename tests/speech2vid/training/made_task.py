"""A task in which a small network learns to tell how large the first of four numbers is."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from schemas.settings import setting
from speech2vid.reader.ranks import Ranks
from speech2vid.training.card import TrainingData
from speech2vid.training.loop_settings import LoopSettings
from speech2vid.training.options import TrainingOptions
from speech2vid.training.task import TrainingTask, Validation


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSamples:
    """The batches of the task."""

    rows: int = setting(6, "rows", "of a batch")
    noise: float = setting(0.0, "", "added to what is to be learnt")
    stops_at: int = setting(-1, "batch", "at which the task is killed; -1: it is not")
    worse_after: int = setting(1000, "steps", "from which on validation gets worse")


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSettings:
    """Settings of the task."""

    samples: MadeSamples = field(default_factory=MadeSamples)
    loop: LoopSettings = field(
        default_factory=lambda: LoopSettings(
            steps=6, learning_rate=0.05, warm_up=1, validate_every=2, save_every=2, half_precision=False
        )
    )


class KilledError(Exception):
    """As if the process was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBatch:
    """Rows of four numbers."""

    number: int
    given: Tensor  # (R, 4)
    wanted: Tensor  # (R, 1)

    def __len__(self) -> int:
        return len(self.given)


class MadeTask(TrainingTask[MadeBatch]):
    """See the module."""

    network_name = "made.onnx"

    def __init__(self, settings: MadeSettings, options: TrainingOptions, ranks: Ranks) -> None:
        self._samples, self._seed, self._ranks = settings.samples, options.seed, ranks
        torch.manual_seed(options.seed)
        self.network = nn.Sequential(nn.Linear(4, 8), nn.Dropout(settings.samples.noise), nn.ReLU(), nn.Linear(8, 1))
        self.network.to(ranks.device)
        self.frozen = {"scale": nn.Linear(1, 1)}
        self.numbers_drawn: list[int] = []

    @property
    def data(self) -> TrainingData:
        return TrainingData(frames=Counter(ann=100), licences=Counter(free=2), dataset_sha256="0" * 64)

    def prepare(self, say) -> None:
        say("a scale is drawn")
        nn.init.constant_(self.frozen["scale"].weight, float(torch.rand(())))

    def batches(self, first: int) -> Iterator[MadeBatch]:
        while True:
            if first == self._samples.stops_at:
                raise KilledError
            yield self.batch(first)
            first += 1

    def batch(self, number: int) -> MadeBatch:
        self.numbers_drawn.append(number)
        random = np.random.default_rng([self._seed, number * self._ranks.num_ranks + self._ranks.rank])
        given = torch.from_numpy(random.normal(0, 1, (self._samples.rows, 4)).astype(np.float32))
        return MadeBatch(number=number, given=given, wanted=given[:, :1].abs())

    def losses(self, trained: nn.Module, batch: MadeBatch) -> dict[str, Tensor]:
        made = trained(batch.given)
        return {"square": (made - batch.wanted).square().mean(), "size": 0.01 * made.abs().mean()}

    def validate(self, averaged: nn.Module, steps: int) -> Validation:
        given = torch.linspace(-2, 2, 21)[:, None] * torch.tensor([1.0, 0, 0, 0])
        error = float((averaged(given) - given[:, :1].abs()).square().mean())
        score = -error - max(0, steps - self._samples.worse_after)
        image = averaged(given).detach().clamp(0, 1).expand(-1, 3).T[:, None]
        return Validation(score=score, measures={"error": error}, images={"made": image})

    def export(self, averaged: nn.Module, path: Path) -> None:
        path.write_bytes(b"".join(value.numpy().tobytes() for value in averaged.state_dict().values()))
        (path.parent / "beside.txt").write_text("written with it")

    def record(self) -> dict[str, object]:
        return {"numbers_drawn": self.numbers_drawn}

    def about(self, size_bytes: int) -> str:
        return f"A made network of {size_bytes} bytes."

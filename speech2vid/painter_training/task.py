"""The training of the painter."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from schemas.stored.clip_index import find_clips
from schemas.stored.record import dataset_sha256
from speech2vid.painter_training.batches import PainterBatch, PainterBatches, augment, load_batches
from speech2vid.painter_training.export import export_painter
from speech2vid.painter_training.losses import PainterInTraining
from speech2vid.painter_training.network import Painter, painted_over
from speech2vid.painter_training.settings import PainterTrainingSettings
from speech2vid.painter_training.validation import ValidationMouths
from speech2vid.reader.ranks import Ranks
from speech2vid.training.card import TrainingData, training_data
from speech2vid.training.held_out import held_out
from speech2vid.training.options import TrainingOptions
from speech2vid.training.task import TrainingTask, Validation

PAINTER = "painter.onnx"


class PainterTask(TrainingTask[PainterBatch]):
    """Painter and batches."""

    network_name = PAINTER
    network: PainterInTraining

    def __init__(self, settings: PainterTrainingSettings, options: TrainingOptions, ranks: Ranks) -> None:
        """Find the clips and make the untrained networks. UsageError: there are no clips."""
        self._settings, self._options, self._ranks = settings, options, ranks
        self._held_out = held_out(options.dataset, options.where, options.validate_where)
        self._clips = find_clips(options.dataset, "train", self._held_out.train_where)
        torch.manual_seed(options.seed)
        self.network = PainterInTraining(Painter(settings.network), settings.losses)
        self.network.to(ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # a missing overload

    @property
    def data(self) -> TrainingData:
        """The clips that are learnt from."""
        return training_data(self._clips, dataset_sha256(self._options.dataset))

    def batches(self, first: int) -> Iterator[PainterBatch]:
        """Batches from number `first` on."""
        batches = PainterBatches(self._clips, self._settings.pairs, self._options.seed, self._ranks.rank)
        return (batch.to(self._ranks.device) for batch in load_batches(batches, first, self._options.workers))

    def losses(self, trained: nn.Module, batch: PainterBatch) -> dict[str, Tensor]:
        """The losses of a batch, augmented."""
        batch = augment(batch, self._settings.pairs)
        planes = batch.planes.contiguous(memory_format=torch.channels_last)
        return trained(PainterBatch(planes=planes, target=batch.target))

    def validate(self, averaged: nn.Module, steps: int) -> Validation:
        """Paint the mouths of people who are held out."""
        assert isinstance(averaged, PainterInTraining)
        painter = averaged.painter
        return self._validation.validate(lambda planes: painted_over(planes, *painter(planes)), self._ranks.device)

    @cached_property
    def _validation(self) -> ValidationMouths:
        return ValidationMouths(self._options.dataset, self._held_out, self._settings.validation)

    def export(self, averaged: nn.Module, path: Path) -> None:
        """Write the painter."""
        assert isinstance(averaged, PainterInTraining)
        export_painter(averaged.painter, path, self._options.recipe)

    def about(self, size_bytes: int) -> str:
        """What goes in and what comes out."""
        return (
            "Paints what a warped still cannot show, of a face aligned at 256 px: the inside of the mouth, the lips' "
            f"seam, hidden skin, or the whole lower face. Recipe `{self._options.recipe}`, "
            f"{size_bytes / 1e6:.1f} MB."
        )

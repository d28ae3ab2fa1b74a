"""What the painter is trained by: pixels and detail, most of all inside the mouth.

Shapes: B samples, P px their side.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from speech2vid.painter_training.batches import PainterBatch
from speech2vid.painter_training.network import Painter, painted_over
from speech2vid.painter_training.settings import PainterLossSettings
from speech2vid.rendering.painter_input import GATE, INSIDE, LIPS

_LIPS_WEIGHT, _INSIDE_WEIGHT, _ELSEWHERE = 2.0, 5.0, 1e-3  # beside 1 for all that may change
_SCALES = 3


class PainterInTraining(nn.Module):
    """The painter, which gives the weighted terms of a batch."""

    def __init__(self, painter: Painter, settings: PainterLossSettings) -> None:
        """settings: weights of the terms."""
        super().__init__()
        self.painter, self._settings = painter, settings

    def forward(self, batch: PainterBatch) -> dict[str, Tensor]:
        """Terms by name; their sum is the loss."""
        colours, alpha, own = self.painter.paint(batch.planes)
        made, weight = painted_over(batch.planes, colours, alpha), _weight(batch.planes)
        settings = self._settings
        return {
            "pixels": settings.pixels * _mean((made - batch.target).abs(), weight),
            "own": settings.own * _mean((own - batch.target).abs(), weight),
            "detail": settings.detail * detail_difference(made, batch.target, weight),
        }


def detail_difference(made: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Difference of what each of three scales adds to the next coarser one; coarse ones count more."""
    total = made.new_zeros(())
    for scale in range(_SCALES):
        coarse_made, coarse_target = F.avg_pool2d(made, 2), F.avg_pool2d(target, 2)
        difference = (made - _doubled(coarse_made)) - (target - _doubled(coarse_target))
        total = total + 2**scale * _mean(difference.abs(), weight)
        made, target, weight = coarse_made, coarse_target, F.avg_pool2d(weight, 2)
    return total


def _weight(planes: Tensor) -> Tensor:
    gate, lips, inside = (planes[:, number : number + 1] for number in (GATE, LIPS, INSIDE))
    return gate * (1 + _LIPS_WEIGHT * lips + _INSIDE_WEIGHT * inside) + _ELSEWHERE


def _mean(values_B3PP: Tensor, weight_B1PP: Tensor) -> Tensor:
    return (values_B3PP * weight_B1PP).sum() / (values_B3PP.shape[1] * weight_B1PP.sum())


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")

"""What the painter is trained by: pixels, detail, and a critic that tells painted mouths from real ones.

Shapes: B samples, P px their side.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from speech2vid.painter_training.batches import PainterBatch
from speech2vid.painter_training.network import Painter, painted_over
from speech2vid.painter_training.settings import PainterLossSettings
from speech2vid.rendering.painter_input import GATE, INSIDE, LIPS

_LIPS_WEIGHT, _INSIDE_WEIGHT, _ELSEWHERE = 2.0, 5.0, 1e-3  # beside 1 for all that may change
_SCALES = 3
_CRITIC_WIDTHS = (32, 64, 96)
_SEEN_PX = 96  # the middle, which the critic looks at


class Critic(nn.Module):
    """Tells patches of real mouths from painted ones; it sees lips and inside of the mesh as well."""

    def __init__(self) -> None:
        """Random weights."""
        super().__init__()
        widths = (5, *_CRITIC_WIDTHS)
        self.layers = nn.ModuleList(
            parametrizations.spectral_norm(nn.Conv2d(a, b, 4, stride=2, padding=1))
            for a, b in itertools.pairwise(widths)
        )
        self.head = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, seen_B5PP: Tensor) -> list[Tensor]:
        """Features of each layer, and last the judgement of each patch: above 0 is real."""
        features = []
        for layer in self.layers:
            seen_B5PP = F.leaky_relu(layer(seen_B5PP), 0.2)
            features.append(seen_B5PP)
        return [*features, self.head(seen_B5PP)]


class PainterInTraining(nn.Module):
    """The painter with its critic; called with a batch, it gives the weighted terms of both."""

    def __init__(self, painter: Painter, settings: PainterLossSettings) -> None:
        """settings: weights of the terms."""
        super().__init__()
        self.painter, self._settings = painter, settings
        self.critic = Critic() if settings.critic or settings.critic_features else None

    def forward(self, batch: PainterBatch) -> dict[str, Tensor]:
        """Terms by name; their sum is the loss of both networks."""
        colours, alpha, own = self.painter.paint(batch.planes)
        made, weight = painted_over(batch.planes, colours, alpha), _weight(batch.planes)
        settings = self._settings
        terms = {
            "pixels": settings.pixels * _mean((made - batch.target).abs(), weight),
            "own": settings.own * _mean((own - batch.target).abs(), weight),
            "detail": settings.detail * detail_difference(made, batch.target, weight),
        }
        return terms | self._judged(batch, made) if self.critic is not None else terms

    def _judged(self, batch: PainterBatch, made: Tensor) -> dict[str, Tensor]:
        assert self.critic is not None
        shape = batch.planes[:, INSIDE : LIPS + 1]
        real = self.critic(_middle(torch.cat([batch.target, shape], 1)))
        painted = self.critic(_middle(torch.cat([made.detach(), shape], 1)))
        # The painter's gradients go through the critic, but do not train it.
        fixed = {name: value.detach() for name, value in self.critic.named_parameters()}
        liked = functional_call(self.critic, fixed, _middle(torch.cat([made, shape], 1)))
        features = sum(
            (one.float() - other.detach().float()).abs().mean()
            for one, other in zip(liked[:-1], real[:-1], strict=True)
        )
        judgement = F.relu(1 - real[-1].float()).mean() + F.relu(1 + painted[-1].float()).mean()
        return {
            "critic": judgement,
            "liked": -self._settings.critic * liked[-1].float().mean(),
            "features": self._settings.critic_features * torch.as_tensor(features),
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


def _middle(x: Tensor) -> Tensor:
    start = (x.shape[-1] - _SEEN_PX) // 2
    return x[..., start : start + _SEEN_PX, start : start + _SEEN_PX]

"""The painter: a small U-Net that paints the inside of the mouth, the lips' seam and what the warp could not show.

Shapes: B frames, C channels, P = 160 px, the side of the painted part.
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from schemas.settings import require, setting
from speech2vid.rendering.painter_input import (
    BASE,
    GATE,
    LENT,
    LENT_SEEN,
    LOWER,
    LOWER_SEEN,
    NUM_PLANES,
    SEEN,
    UPPER,
    UPPER_SEEN,
)

_SOURCES = 4  # of a pixel: lent, carried by the upper jaw, by the lower one, colours of its own
_OUTPUTS = 1 + _SOURCES + 3  # how much is painted; from which source; the own colours
_EPSILON = 1e-4
_SLOPE = 0.1
_LARGEST_LOGIT = 3.0
_MIDDLE = 0.5  # of the colours' range


@dataclass(frozen=True, slots=True, kw_only=True)
class PainterSettings:
    """Size of the network."""

    width: int = setting(24, "channels", "at half the part's side; twice, four and four times as many below")

    def __post_init__(self) -> None:
        """Check the settings; ValueError."""
        require(self.width >= 4, f"network.width must be 4 or more, not {self.width}")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels at 1/2, 1/4, 1/8 and 1/16 of the part's side."""
        return self.width, 2 * self.width, 4 * self.width, 4 * self.width


class Painter(nn.Module):
    """Planes of PainterInput, float32 (B, 19, P, P), to colours (B, 3, P, P) and alpha (B, 1, P, P), about 0..1."""

    def __init__(self, settings: PainterSettings) -> None:
        """Random weights."""
        super().__init__()
        widths = settings.widths
        self.stem = _Block(4 * NUM_PLANES, widths[0])
        self.down = nn.ModuleList(_Block(a, b) for a, b in itertools.pairwise(widths))
        self.up = nn.ModuleList(_Block(a + b, b) for b, a in itertools.pairwise(widths))
        self.head = nn.Conv2d(widths[0], 4 * _OUTPUTS, 3, padding=1)
        nn.init.zeros_(self.head.weight)  # all sources alike at first: a network that prefers one would stay there

    def forward(self, planes_BCPP: Tensor) -> tuple[Tensor, Tensor]:
        """Paint."""
        colours, alpha, _ = self.paint(planes_BCPP)
        return colours, alpha

    def paint(self, planes_BCPP: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Colours and alpha, and the network's own colours (B, 3, P, P) alone, which are one of the sources."""
        x = self.stem(F.pixel_unshuffle(planes_BCPP, 2))
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(F.avg_pool2d(x, 2))
        for up, skip in zip(reversed(self.up), reversed(skips), strict=True):
            x = up(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        painted, choice, own = F.pixel_shuffle(self.head(x), 2).float().split([1, _SOURCES, 3], 1)
        own = _MIDDLE + own
        # What the base does not show is painted in any case.
        kept = planes_BCPP[:, SEEN : SEEN + 1] * _bounded(-painted).sigmoid()
        return _chosen(planes_BCPP, _bounded(choice), own), planes_BCPP[:, GATE : GATE + 1] * (1 - kept), own


def _bounded(logits: Tensor) -> Tensor:
    """Logits that never decide for good: what has no share gets no gradient either."""
    return _LARGEST_LOGIT * torch.tanh(logits / _LARGEST_LOGIT)


def _chosen(planes_BCPP: Tensor, choice_B4PP: Tensor, own_B3PP: Tensor) -> Tensor:
    """Colours from four sources by their shares; a source has no share where it shows nothing."""
    shown = [planes_BCPP[:, plane : plane + 1] for plane in (LENT_SEEN, UPPER_SEEN, LOWER_SEEN)]
    shares = choice_B4PP.softmax(1) * torch.cat([*shown, torch.ones_like(shown[0])], 1)
    shares = shares / shares.sum(1, keepdim=True)
    sources = (planes_BCPP[:, LENT], planes_BCPP[:, UPPER], planes_BCPP[:, LOWER], own_B3PP)
    return torch.stack([shares[:, n : n + 1] * source for n, source in enumerate(sources)]).sum(0)


def painted_over(planes_BCPP: Tensor, colours_B3PP: Tensor, alpha_B1PP: Tensor) -> Tensor:
    """The base with the painted colours over it, (B, 3, P, P)."""
    base = planes_BCPP[:, BASE]
    return base + alpha_B1PP * (colours_B3PP - base)


class _Block(nn.Module):
    """Two convolutions, whose activations have the same size at every pixel: no layer can run away."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(number, width, 3, padding=1) for number in (channels, width))
        for layer in (self.first, self.second):
            nn.init.kaiming_normal_(layer.weight, _SLOPE)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return _evened(F.leaky_relu(self.second(_evened(F.leaky_relu(self.first(x_BCHW), _SLOPE))), _SLOPE))


def _evened(x_BCHW: Tensor) -> Tensor:
    """Values divided by the root mean square of each pixel's channels."""
    return x_BCHW * torch.rsqrt(x_BCHW.square().mean(1, keepdim=True) + _EPSILON)

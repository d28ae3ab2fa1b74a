"""The painter: a small U-Net that paints the inside of the mouth, the lips' seam and what the warp could not show.

Shapes: B frames, C channels, P = 160 px, the side of the painted part.
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2vid.rendering.painter_input import NUM_PLANES

_BASE, _LENT, _GATE = slice(0, 3), slice(3, 6), 10  # planes of PainterInput
_OUTPUTS = 5  # how much is painted; how much of that is lent; colours


@dataclass(frozen=True, slots=True, kw_only=True)
class PainterSettings:
    """Size of the network."""

    widths: tuple[int, ...] = (24, 48, 96, 128)  # channels at 1/2, 1/4, 1/8, 1/16 of the part's side


class Painter(nn.Module):
    """Planes of PainterInput, float32 (B, 11, P, P), to colours (B, 3, P, P) and alpha (B, 1, P, P), 0..1."""

    def __init__(self, settings: PainterSettings) -> None:
        """Random weights."""
        super().__init__()
        widths = settings.widths
        self.stem = _Block(4 * NUM_PLANES, widths[0])
        self.down = nn.ModuleList(_Block(a, b) for a, b in itertools.pairwise(widths))
        self.up = nn.ModuleList(_Block(a + b, b) for b, a in itertools.pairwise(widths))
        self.head = nn.Conv2d(widths[0], 4 * _OUTPUTS, 3, padding=1)

    def forward(self, planes_BCPP: Tensor) -> tuple[Tensor, Tensor]:
        """Paint."""
        x = self.stem(F.pixel_unshuffle(planes_BCPP, 2))
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(F.avg_pool2d(x, 2))
        for up, skip in zip(reversed(self.up), reversed(skips), strict=True):
            x = up(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        painted, lent, colours = F.pixel_shuffle(self.head(x), 2).sigmoid().split([1, 1, 3], 1)
        return lent * planes_BCPP[:, _LENT] + (1 - lent) * colours, planes_BCPP[:, _GATE : _GATE + 1] * painted


def painted_over(planes_BCPP: Tensor, colours_B3PP: Tensor, alpha_B1PP: Tensor) -> Tensor:
    """The base with the painted colours over it, (B, 3, P, P)."""
    base = planes_BCPP[:, _BASE]
    return base + alpha_B1PP * (colours_B3PP - base)


class _Block(nn.Sequential):
    """Two convolutions."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(0.1, inplace=True),
        )

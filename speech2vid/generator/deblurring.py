"""Deblurring ("v114", after VDSR): ten convolutions whose output is added to the image.

It learns on stills that were blurred, apart from the generator, and is applied after it. Shapes: B images, H, W.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NUM_LAYERS = 10
PUBLISHED_WIDTH = 64
_BLUR_SIDE, _BLUR_SIGMA = 5, 2.0  # px: a port's choice, for the authors published none


class Deblurring(nn.Module):
    """Faces (B, 3, H, W), RGB in 0..1, to the same, sharper."""

    def __init__(self, width: int = PUBLISHED_WIDTH) -> None:
        super().__init__()
        self.width, channels = width, [3] + [width] * (NUM_LAYERS - 1)
        layers = [layer for given in channels[:-1] for layer in (nn.Conv2d(given, width, 3, padding=1), nn.ReLU())]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 3, 3, padding=1))
        for layer in self.layers[::2]:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.layers[-1].weight, std=1e-2)  # begin by changing nearly nothing

    def forward(self, faces_B3HW: Tensor) -> Tensor:
        """See the class."""
        sharper_B3HW = faces_B3HW + self.layers(faces_B3HW)
        return sharper_B3HW if self.training else sharper_B3HW.clamp(0, 1)


def blurred(faces_B3HW: Tensor) -> Tensor:
    """What Deblurring learns to undo: a Gaussian of 5 x 5 px, sigma 2."""
    offsets = torch.arange(_BLUR_SIDE, dtype=faces_B3HW.dtype, device=faces_B3HW.device) - _BLUR_SIDE // 2
    line = torch.exp(-(offsets**2) / (2 * _BLUR_SIGMA**2))
    kernel = torch.outer(line, line) / line.sum() ** 2
    padded = F.pad(faces_B3HW, (_BLUR_SIDE // 2,) * 4, mode="replicate")
    return F.conv2d(padded, kernel.expand(3, 1, -1, -1), groups=3)

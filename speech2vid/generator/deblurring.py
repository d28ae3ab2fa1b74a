"""Deblurring ("v114", after VDSR): ten convolutions whose output is added to the image.

The network learns on artificially blurred stills, apart from the generator, and sharpens what the generator makes.
Shapes: B faces, H height, W width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NUM_LAYERS = 10
PUBLISHED_WIDTH = 64
_BLUR_SIDE, _BLUR_SIGMA = 5, 2.0  # px: from a port, since the authors published none


class Deblurring(nn.Module):
    """Faces (B, 3, H, W), RGB in 0..1, to the same faces, sharper."""

    def __init__(self, width: int = PUBLISHED_WIDTH) -> None:
        """Build an untrained network; width: channels of each layer."""
        super().__init__()
        self.width = width
        inputs = [3] + [width] * (NUM_LAYERS - 2)
        convolutions = [nn.Conv2d(in_channels, width, 3, padding=1) for in_channels in inputs]
        last = nn.Conv2d(width, 3, 3, padding=1)
        self.layers = nn.Sequential(*(layer for each in convolutions for layer in (each, nn.ReLU())), last)
        for layer in [*convolutions, last]:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        nn.init.normal_(last.weight, std=1e-2)  # an untrained network changes a face very little

    def forward(self, faces_B3HW: Tensor) -> Tensor:
        """Sharpened faces, in 0..1 outside training."""
        sharper_B3HW = faces_B3HW + self.layers(faces_B3HW)
        return sharper_B3HW if self.training else sharper_B3HW.clamp(0, 1)


def blurred(faces_B3HW: Tensor) -> Tensor:
    """Faces with the blur that Deblurring learns to undo: a Gaussian of 5 x 5 px, sigma 2."""
    offsets = torch.arange(_BLUR_SIDE, dtype=faces_B3HW.dtype, device=faces_B3HW.device) - _BLUR_SIDE // 2
    line = torch.exp(-(offsets**2) / (2 * _BLUR_SIGMA**2))
    kernel = torch.outer(line, line) / line.sum() ** 2
    padded = F.pad(faces_B3HW, (_BLUR_SIDE // 2,) * 4, mode="replicate")
    return F.conv2d(padded, kernel.expand(3, 1, -1, -1), groups=3)

"""A small frozen network that reads lip shape from a face, for a loss that sees movement where pixel losses do not.

It is trained to predict lip shapes: the principal components of the mesh's lip points as they move within a clip.
Shapes: B faces, K targets of one clip, L coordinates of a target's lip points, P components.
"""

from typing import Self

import torch
from torch import Tensor, nn

from speech2vid.generator.networks import resized
from transforms.media.canonical import MOUTH_COLUMNS, MOUTH_FACE_PX, MOUTH_ROWS

NUM_SHAPES = 6
_LEAK = 0.2


class LipShapes(nn.Module):
    """Lip points (B, L) to a few numbers (B, P), each of standard deviation 1 within a clip."""

    mean_L: Tensor
    components_LP: Tensor

    def __init__(self, num_lips: int, num_shapes: int = NUM_SHAPES) -> None:
        """Shapes that are not fitted yet; num_lips: L."""
        super().__init__()
        self.register_buffer("mean_L", torch.zeros(num_lips))
        self.register_buffer("components_LP", torch.zeros(num_lips, min(num_shapes, num_lips)))

    @classmethod
    def fitted(cls, lips_BKL: Tensor) -> Self:
        """Fit the components to movement within clips; differences between people do not count."""
        lips_BKL = lips_BKL.double()
        moved_BL = (lips_BKL - lips_BKL.mean(1, keepdim=True)).flatten(0, 1)
        if lips_BKL.shape[1] == 1:
            moved_BL = lips_BKL[:, 0] - lips_BKL[:, 0].mean(0)
        shapes = cls(lips_BKL.shape[-1])
        _, strength, axes = torch.linalg.svd(moved_BL, full_matrices=False)
        kept = shapes.components_LP.shape[1]
        deviation = (strength[:kept] / len(moved_BL) ** 0.5).clamp(min=1e-6)
        largest = axes[:kept].gather(1, axes[:kept].abs().argmax(1, keepdim=True))
        # The sign of an axis is arbitrary: its largest coordinate is made positive, so that all machines agree.
        shapes.components_LP.copy_((axes[:kept] * largest.sign() / deviation[:, None]).T)
        shapes.mean_L.copy_(lips_BKL.mean((0, 1)))
        return shapes

    def forward(self, lips_BL: Tensor) -> Tensor:
        """Lip shapes (B, P)."""
        return (lips_BL - self.mean_L) @ self.components_LP


class LipNetwork(nn.Module):
    """Faces (B, 3, S, S), RGB in 0..1, to lip shapes (B, P) and the three feature maps before them."""

    def __init__(self, num_shapes: int) -> None:
        """Build an untrained network; num_shapes: P."""
        super().__init__()
        self.layers = nn.ModuleList([_layer(3, 16, 5), _layer(16, 32, 3), _layer(32, 48, 3)])
        self.last = nn.Sequential(nn.Flatten(), nn.LazyLinear(64), nn.LeakyReLU(_LEAK), nn.Linear(64, num_shapes))
        with torch.no_grad():
            self.train(False)(torch.zeros(1, 3, MOUTH_FACE_PX, MOUTH_FACE_PX))

    def forward(self, faces_B3HW: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Lip shapes and feature maps of whole faces."""
        return self.read(mouths(faces_B3HW))

    def read(self, mouths_B3HW: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Lip shapes and feature maps of cropped mouths (B, 3, 48, 56)."""
        # The mean colour is light and skin, not lip shape.
        x_BCHW, maps = mouths_B3HW - mouths_B3HW.mean((2, 3), keepdim=True), []
        for layer in self.layers:
            x_BCHW = layer(x_BCHW)
            maps.append(x_BCHW)
        return self.last(x_BCHW), maps


def mouths(faces_BCHW: Tensor) -> Tensor:
    """Crop the mouths (B, C, 48, 56) of canonical faces."""
    return resized(faces_BCHW, MOUTH_FACE_PX)[..., MOUTH_ROWS, MOUTH_COLUMNS]


def _layer(in_channels: int, channels: int, kernel: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, kernel, 2, kernel // 2), nn.BatchNorm2d(channels), nn.LeakyReLU(_LEAK)
    )

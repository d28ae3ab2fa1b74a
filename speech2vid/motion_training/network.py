"""The motion network: windows of speech features to mouth shapes.

A few small convolution networks, each trained without a part of the people; their mean errs less on people never seen
than one of them. Shapes: M members, B clips, C channels, W columns, K = (W - 22) / 2 + 1 frames, P components.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2vid.motion_training.recipe import MotionNetworkSettings


class MotionNetwork(nn.Module):
    """All members."""

    centre: Tensor
    projection: Tensor
    scale: Tensor

    def __init__(self, settings: MotionNetworkSettings, centre: np.ndarray, projection: np.ndarray) -> None:
        """Build untrained members.

        centre: (C,), subtracted from the features; projection: (inputs, C), to inputs of deviation 1.
        """
        super().__init__()
        self._noise = settings.noise
        self.register_buffer("centre", torch.from_numpy(centre.astype(np.float32))[:, None])
        self.register_buffer("projection", torch.from_numpy(projection.astype(np.float32)))
        self.register_buffer("scale", torch.ones(settings.components, 1))  # deviation of each shape, times the gain
        self.members = nn.ModuleList(_Member(settings, len(projection)) for _ in range(settings.members))

    def forward(self, audio_BCW: Tensor) -> tuple[Tensor, Tensor]:
        """Mouth shapes (M, B, P, K) and logits of closed lips (M, B, K) of each member."""
        x_BCW = self.projection @ (audio_BCW - self.centre)
        found = [member(self._noisy(x_BCW)) for member in self.members]
        whole = torch.stack(found)
        return whole[:, :, :-1] * self.scale, whole[:, :, -1]

    def _noisy(self, x_BCW: Tensor) -> Tensor:
        if not self.training:
            return x_BCW
        return x_BCW + self._noise * torch.rand_like(x_BCW[:, :1, :1]) * torch.randn_like(x_BCW)


class MeanMotion(nn.Module):
    """What is exported: the mean over the members, of windows that give one frame each."""

    def __init__(self, network: MotionNetwork) -> None:
        """Take the members of a network."""
        super().__init__()
        self.network = network

    def forward(self, audio_BCW: Tensor) -> tuple[Tensor, Tensor]:
        """Mouth shapes (B, P) and the probability of closed lips (B,)."""
        shapes_MBPK, closed_MBK = self.network(audio_BCW)
        return shapes_MBPK.mean(0)[..., 0], torch.sigmoid(closed_MBK.mean(0))[..., 0]


class _Member(nn.Module):
    """Four convolutions without padding, so that a long piece gives the same as its windows."""

    def __init__(self, settings: MotionNetworkSettings, num_inputs: int) -> None:
        super().__init__()
        width = settings.width
        self.inputs, self.dropout = nn.Dropout1d(settings.dropout / 2), nn.Dropout(settings.dropout)
        self.first, self.first_norm = nn.Conv1d(num_inputs, width, 6, stride=2), nn.BatchNorm1d(width)
        self.second, self.second_norm = nn.Conv1d(width, width, 3), nn.BatchNorm1d(width)
        self.third, self.third_norm = nn.Conv1d(width, width, 3, dilation=2), nn.BatchNorm1d(width)
        self.last = nn.Conv1d(width, settings.components + 1, 3)

    def forward(self, x_BCW: Tensor) -> Tensor:
        x_BCK = self.dropout(F.relu(self.first_norm(self.first(self.inputs(x_BCW)))))
        x_BCK = x_BCK[..., 1:-1] + self.dropout(F.relu(self.second_norm(self.second(x_BCK))))
        x_BCK = x_BCK[..., 2:-2] + self.dropout(F.relu(self.third_norm(self.third(x_BCK))))
        return self.last(x_BCK)

"""The sync network: two towers of one-dimensional convolutions over time, for lip motion and for audio.

Shapes: B clips, T frames, C channels, E dimensions of an embedding.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transforms.speakers.lip_motion import NUM_FEATURES
from transforms.speakers.speech_encoder import NUM_FEATURES as NUM_SPEECH_FEATURES

NUM_BANDS = 40
_CENTRING_FRAMES = 101  # about four seconds, so that the resting pose does not depend on the track's length
_CENTRING_COLUMNS = 401


class ResidualBlock(nn.Module):
    """Dilated convolution over time, added to its input."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        """Build an untrained block; width: C."""
        super().__init__()
        self.convolution = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout1d(dropout)

    def forward(self, x_BCT: Tensor) -> Tensor:
        """Transform activations (B, C, T) to activations of the same shape."""
        return x_BCT + self.dropout(F.relu(self.norm(self.convolution(x_BCT))))


class FaceTower(nn.Module):
    """Lip positions to embeddings, by their deviation from the resting pose and their velocity."""

    def __init__(self, width: int, embedding: int, dropout: float) -> None:
        """Build an untrained tower; width: channels within, embedding: E."""
        super().__init__()
        self.norm = nn.BatchNorm1d(2 * NUM_FEATURES, affine=False)
        self.input_dropout = nn.Dropout1d(dropout / 2)
        self.squeeze = nn.Conv1d(2 * NUM_FEATURES, width, 1)
        self.first = nn.Sequential(nn.Conv1d(width, width, 5, padding=2), nn.BatchNorm1d(width), nn.ReLU())
        self.blocks = nn.Sequential(*(ResidualBlock(width, dilation, dropout) for dilation in (1, 2, 3, 1)))
        self.last = nn.Conv1d(width, embedding, 1)

    def forward(self, positions_BTC: Tensor) -> Tensor:
        """Unit vectors (B, T, E) of lip positions (B, T, 192)."""
        x_BCT = positions_BTC.transpose(1, 2)
        resting = F.avg_pool1d(x_BCT, _CENTRING_FRAMES, 1, _CENTRING_FRAMES // 2, count_include_pad=False)
        x_BCT = self.input_dropout(self.norm(torch.cat([x_BCT - resting, _velocity(x_BCT)], 1)))
        return F.normalize(self.last(self.blocks(self.first(self.squeeze(x_BCT)))), dim=1).transpose(1, 2)


class AudioTower(nn.Module):
    """Log-mel columns, and speech features where it takes them, to embeddings.

    The columns say when something is said, the features what. Strides of an even kernel keep the middle of each frame
    where it is.
    """

    def __init__(self, width: int, embedding: int, dropout: float, *, log_mel_only: bool) -> None:
        """Build an untrained tower; width: channels within, embedding: E; log_mel_only: without speech features."""
        super().__init__()
        self.norm = nn.BatchNorm1d(2 * NUM_BANDS, affine=False)
        self.first = nn.Sequential(
            nn.Conv1d(2 * NUM_BANDS, width, 5, padding=2),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout1d(dropout / 2),
            *_halving(width),
            *_halving(width),
        )
        self.spoken: nn.Module | None = None
        if not log_mel_only:
            self.spoken = nn.Sequential(
                nn.BatchNorm1d(NUM_SPEECH_FEATURES, affine=False),
                nn.Dropout1d(dropout / 2),
                nn.Conv1d(NUM_SPEECH_FEATURES, width, 1),
                *_halving(width),
            )
        self.blocks = nn.Sequential(*(ResidualBlock(width, dilation, dropout) for dilation in (1, 2, 3, 1)))
        self.last = nn.Conv1d(width, embedding, 1)

    def forward(self, columns_BTC: Tensor, spoken_BTC: Tensor | None = None) -> Tensor:
        """Unit vectors (B, T, E) of log-mel columns (B, 4 T, 40) and speech features (B, 2 T, 288), if taken."""
        x_BCT = columns_BTC.transpose(1, 2)
        usual = F.avg_pool1d(x_BCT, _CENTRING_COLUMNS, 1, _CENTRING_COLUMNS // 2, count_include_pad=False)
        x_BCT = self.first(self.norm(torch.cat([x_BCT - usual, _velocity(x_BCT)], 1)))
        if self.spoken is not None and spoken_BTC is not None:
            x_BCT = x_BCT + self.spoken(spoken_BTC.transpose(1, 2))
        return F.normalize(self.last(self.blocks(x_BCT)), dim=1).transpose(1, 2)


class SyncTowers(nn.Module):
    """Face tower and audio tower, and the scales of their similarities in the losses."""

    def __init__(self, *, width: int, embedding: int, dropout: float, log_mel_only: bool = False) -> None:
        """Build untrained towers."""
        super().__init__()
        self.face = FaceTower(width, embedding, dropout)
        self.audio = AudioTower(width, embedding, dropout, log_mel_only=log_mel_only)
        self.log_scales = nn.Parameter(torch.log(torch.tensor([10.0, 15.0, 15.0])))  # of frame, clip and pair loss


def _halving(width: int) -> tuple[nn.Module, ...]:
    return nn.Conv1d(width, width, 4, stride=2, padding=1), nn.BatchNorm1d(width), nn.ReLU()


def _velocity(x_BCT: Tensor) -> Tensor:
    """Difference from the previous step; zero at the first one."""
    return x_BCT - torch.cat([x_BCT[..., :1], x_BCT[..., :-1]], 2)

"""The generator's encoders: of audio features and of the stills of a face.

Shapes: B faces, N stills of each, C channels, T columns of audio features, H height, W width.
"""

from torch import Tensor, nn

from speech2vid.generator.layers import ConvBlock, scaled
from speech2vid.reader.audio_features import SPEECH

_SPEECH_DROPOUT = 0.3
PUBLISHED_MAP_PX = 6  # side of the identity encoder's last map before its code


class MfccEncoder(nn.Module):
    """MFCC (B, 1, 12, 35) to an audio code (B, 256 width, 1, 1): the published audio encoder."""

    def __init__(self, width: float) -> None:
        """Build the encoder; width: share of the published channels."""
        super().__init__()
        c64, c128, c256, c512 = (scaled(channels, width) for channels in (64, 128, 256, 512))
        self.num_channels = c256
        self.layers = nn.Sequential(
            ConvBlock(1, c64, 3, padding=1),
            ConvBlock(c64, c128, 3, padding=1),
            nn.ZeroPad2d((0, 0, 1, 0)),  # max pooling ignores these zeros, since they follow a ReLU
            nn.MaxPool2d(3, (1, 2)),
            ConvBlock(c128, c256, 3, padding=1),
            ConvBlock(c256, c256, 3, padding=1),
            ConvBlock(c256, c256, 3, padding=1),
            nn.MaxPool2d(3, 2),
            ConvBlock(c256, c512, (5, 8)),
            ConvBlock(c512, c256, 1),
        )

    def forward(self, audio_B1CT: Tensor) -> Tensor:
        """Audio code (B, 256 width, 1, 1)."""
        return self.layers(audio_B1CT)


class SpeechFeatureEncoder(nn.Module):
    """Features of a speech encoder (B, 1, 288, 22) to an audio code (B, 256 width, 1, 1). Not in the paper."""

    def __init__(self, width: float) -> None:
        """Build the encoder; width: share of the published channels."""
        super().__init__()
        c256, c512 = scaled(256, width), scaled(512, width)
        self.num_channels = c256
        self.layers = nn.Sequential(
            nn.Flatten(1, 2),
            nn.BatchNorm1d(SPEECH.num_channels),
            nn.Conv1d(SPEECH.num_channels, c256, 1),
            nn.BatchNorm1d(c256),
            nn.ReLU(),
            nn.Conv1d(c256, c512, 5, stride=2),
            nn.BatchNorm1d(c512),
            nn.ReLU(),
            nn.Conv1d(c512, c512, 3, stride=2),
            nn.BatchNorm1d(c512),
            nn.ReLU(),
            nn.Dropout(_SPEECH_DROPOUT),
            nn.Conv1d(c512, c256, 4),
            nn.BatchNorm1d(c256),
            nn.ReLU(),
            nn.Unflatten(2, (1, 1)),
        )

    def forward(self, audio_B1CT: Tensor) -> Tensor:
        """Audio code (B, 256 width, 1, 1)."""
        return self.layers(audio_B1CT)


class IdentityEncoder(nn.Module):
    """Stills (B, 3 N, P, P) to an identity code (B, 256 width, 1, 1) and the feature maps relu1, pool1, relu2.

    The layers are those of VGG-M, see vgg_m, for stills of P = 112 px; the last map of larger ones is resized to that
    of these.
    """

    def __init__(self, width: float, num_identity: int, smallest_map_px: int = PUBLISHED_MAP_PX) -> None:
        """Build the encoder; width: share of the published channels; num_identity: N."""
        super().__init__()
        c96, c256, c512 = (scaled(channels, width) for channels in (96, 256, 512))
        self.first = ConvBlock(3 * num_identity, c96, 7, stride=2)
        self.pool1 = nn.MaxPool2d(3, 2)
        self.second = ConvBlock(c96, c256, 5, stride=2, padding=1)
        self.pool2 = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(3, 2))
        self.third = ConvBlock(c256, c512, 3, padding=1)
        self.fourth = ConvBlock(c512, c512, 3, padding=1)
        self.fifth = ConvBlock(c512, c512, 3, padding=1)
        self.last = nn.Sequential(ConvBlock(c512, c512, PUBLISHED_MAP_PX), ConvBlock(c512, c256, 1))
        is_published = smallest_map_px == PUBLISHED_MAP_PX
        self.shrink = nn.Identity() if is_published else nn.UpsamplingBilinear2d(size=PUBLISHED_MAP_PX)

    def forward(self, identity_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Identity code, relu1, pool1, relu2."""
        relu1 = self.first(identity_BCHW)
        pool1 = self.pool1(relu1)
        relu2 = self.second(pool1)
        x_BCHW = self.fifth(self.fourth(self.third(self.pool2(relu2))))
        return self.last(self.shrink(x_BCHW)), relu1, pool1, relu2

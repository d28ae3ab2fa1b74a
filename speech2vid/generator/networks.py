"""The generator: stills of a face and a window of audio to the face that says it (Chung, Jamaludin, Zisserman 2017).

With its default settings it is the authors' released graph ("v201"), layer for layer. The settings residual, film and
leaky are not theirs; a small network that learns from little data needs them. Shapes: B faces, N stills of each,
C channels, T columns of audio features, H height, W width.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2vid.generator.decoder import Decoder
from speech2vid.generator.encoders import IdentityEncoder, MfccEncoder, SpeechFeatureEncoder
from speech2vid.generator.layers import initialise
from speech2vid.generator.settings import GeneratorSettings
from speech2vid.reader.audio_features import MFCC

_SMOOTHED_FROM = 1.25  # times smaller


class EncodedIdentity(NamedTuple):
    """All that the decoder gets of the stills."""

    code: Tensor  # (B, 256 width, 1, 1)
    relu1: Tensor  # feature maps of the identity encoder, for the skip connections
    pool1: Tensor
    relu2: Tensor
    mean_still: Tensor  # (B, 3, image_px, image_px), RGB in 0..1


class Generator(nn.Module):
    """Stills and audio features to faces."""

    def __init__(self, settings: GeneratorSettings | None = None) -> None:
        """Build an untrained generator; without settings the published one."""
        super().__init__()
        self.settings = settings = settings or GeneratorSettings()
        self.audio = MfccEncoder(settings.width) if settings.features == MFCC else SpeechFeatureEncoder(settings.width)
        self.identity = IdentityEncoder(settings.width, settings.num_identity, settings.smallest_map_px)
        self.decoder = Decoder(settings)
        self.apply(initialise)
        if settings.residual:  # an untrained generator gives nearly the mean still
            nn.init.normal_(self.decoder.last.weight, std=0.01)

    def forward(self, audio_B1CT: Tensor, identity_BCHW: Tensor) -> Tensor:
        """Faces (B, 3, image_px, image_px), RGB in 0..1.

        audio: (B, 1, C, T) of the generator's audio features, for MFCC (B, 1, 12, 35). identity: RGB in 0..255, still
        after still, (B, 3 N, P, P) of P = still_px; or fewer rows, each of which serves B / rows consecutive rows of
        audio.
        """
        num_faces = len(audio_B1CT)
        identity = EncodedIdentity(*(_repeated(x_BCHW, num_faces) for x_BCHW in self.encode_identity(identity_BCHW)))
        return self.decode(self.audio(audio_B1CT), identity)

    def encode_identity(self, identity_BCHW: Tensor) -> EncodedIdentity:
        """Everything that the decoder gets of the stills (B, 3 N, still_px, still_px), RGB in 0..255."""
        code, relu1, pool1, relu2 = self.identity(identity_BCHW)
        return EncodedIdentity(code, relu1, pool1, relu2, self._mean_still(identity_BCHW))

    def decode(self, audio_BC11: Tensor, identity: EncodedIdentity) -> Tensor:
        """Faces of audio codes and as many rows of encoded stills."""
        audio_BC11 = F.dropout(audio_BC11, self.settings.audio_dropout, self.training)
        maps = {"relu1": identity.relu1, "pool1": identity.pool1, "relu2": identity.relu2}
        x_BCHW = self.decoder(torch.cat([audio_BC11, identity.code], 1), maps).float()
        if not self.settings.residual:
            return torch.sigmoid(x_BCHW)
        face_BCHW = identity.mean_still + torch.tanh(x_BCHW)
        return face_BCHW if self.training else face_BCHW.clamp(0, 1)  # in training a clamp would stop the gradient

    def _mean_still(self, identity_BCHW: Tensor) -> Tensor:
        still_BCHW = identity_BCHW.float().unflatten(1, (self.settings.num_identity, 3)).mean(1) / 255
        return resized(still_BCHW, self.settings.image_px)


def resized(faces_BCHW: Tensor, image_px: int) -> Tensor:
    """Square faces resized to another side; those that become much smaller are smoothed, so that nothing aliases."""
    if faces_BCHW.shape[-1] == image_px:
        return faces_BCHW
    smooths = faces_BCHW.shape[-1] > _SMOOTHED_FROM * image_px
    return F.interpolate(faces_BCHW, (image_px, image_px), mode="bilinear", align_corners=False, antialias=smooths)


def _repeated(x_BCHW: Tensor, num_rows: int) -> Tensor:
    """The same with every row repeated, so that there are num_rows."""
    return x_BCHW if len(x_BCHW) == num_rows else x_BCHW.repeat_interleave(num_rows // len(x_BCHW), 0)

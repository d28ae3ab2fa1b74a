"""Settings of the generator network."""

from dataclasses import dataclass

from schemas.errors import UsageError
from speech2vid.reader.audio_features import AudioFeatures, features_named

DECODERS = ("upsample", "transposed")
IMAGE_SIDES = (109, 112)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorSettings:
    """Architecture of a generator; the defaults are the published one."""

    width: float = 1.0  # share of the published channels
    num_identity: int = 5  # stills of a face
    skips: bool = True  # whether three feature maps of the stills are concatenated in the decoder
    decoder: str = "upsample"  # or "transposed" convolutions
    image_px: int = 109  # side of a generated face; 112 pads the last layers more
    residual: bool = False  # whether the decoder's output is added to the mean of the stills
    film: bool = False  # whether the codes scale and shift the output of every decoder layer
    leaky: bool = False  # leaky ReLU in the decoder, so that no channel dies
    audio_dropout: float = 0.0  # of the audio code, in training
    audio_features: str = "mfcc"  # or "speech": what the network is conditioned on, see AudioFeatures

    def __post_init__(self) -> None:
        """Check the values; UsageError."""
        features_named(self.audio_features)
        if not 0 < self.width <= 4 or self.num_identity < 1 or not 0 <= self.audio_dropout < 1:
            raise UsageError(f"a generator has a width in 0..4, one still or more and a dropout below 1, not {self}")
        if self.decoder not in DECODERS or self.image_px not in IMAGE_SIDES:
            raise UsageError(
                f"a generator's decoder is one of {DECODERS} and its image_px one of {IMAGE_SIDES}, not "
                f"{self.decoder!r} and {self.image_px}"
            )

    @property
    def features(self) -> AudioFeatures:
        """The audio features that the network is conditioned on."""
        return features_named(self.audio_features)

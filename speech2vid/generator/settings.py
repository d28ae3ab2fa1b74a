"""Settings of the generator network."""

from dataclasses import dataclass

from schemas.errors import UsageError
from schemas.settings import setting
from speech2vid.reader.audio_features import AudioFeatures, features_named

DECODERS = ("upsample", "transposed")
_STILL_STEP_PX, _MARGIN_PX = 16, 3  # the encoder halves four times; by the published pads a face is 3 px smaller
_MIN_PX, _MAX_PX = 64, 512
PUBLISHED_STILL_PX = 112


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorSettings:
    """Architecture of a generator; the defaults are the published one."""

    width: float = setting(1.0, "of the published channels", "size of all layers")
    num_identity: int = setting(5, "stills", "of a face")
    skips: bool = setting(True, "", "three feature maps of the stills are concatenated in the decoder")
    decoder: str = setting("upsample", "", "upsample and a convolution, or transposed convolutions")
    image_px: int = setting(109, "px", "side of a generated face: a multiple of 16 from 64 to 512, or 3 px less")
    residual: bool = setting(False, "", "the decoder's output is added to the mean of the stills")
    film: bool = setting(False, "", "the codes scale and shift the output of every decoder layer")
    leaky: bool = setting(False, "", "leaky ReLU in the decoder, so that no channel dies")
    audio_dropout: float = setting(0.0, "probability", "of a channel of the audio code, in training")
    audio_features: str = setting("mfcc", "", "mfcc or speech: what the network is conditioned on")

    def __post_init__(self) -> None:
        """Check the values; UsageError."""
        features_named(self.audio_features)
        if not 0 < self.width <= 4 or self.num_identity < 1 or not 0 <= self.audio_dropout < 1:
            raise UsageError(f"a generator has a width in 0..4, one still or more and a dropout below 1, not {self}")
        if self.still_px % _STILL_STEP_PX or not _MIN_PX <= self.still_px <= _MAX_PX:
            raise UsageError(
                f"a generator's image_px is a multiple of {_STILL_STEP_PX} from {_MIN_PX} to {_MAX_PX}, or "
                f"{_MARGIN_PX} less, not {self.image_px}"
            )
        if self.decoder not in DECODERS:
            raise UsageError(f"a generator's decoder is {' or '.join(DECODERS)}, not {self.decoder!r}")

    @property
    def still_px(self) -> int:
        """Side of a still."""
        return self.image_px + (0 if self.is_padded else _MARGIN_PX)

    @property
    def is_padded(self) -> bool:
        """Whether the decoder's last layers pad more than the published ones, so that a face is as large as a still."""
        return self.image_px % _STILL_STEP_PX != (-_MARGIN_PX) % _STILL_STEP_PX

    @property
    def smallest_map_px(self) -> int:
        """Side of the identity encoder's last map before its code, and of the decoder's where the skips begin."""
        return self.still_px // _STILL_STEP_PX - 1

    @property
    def features(self) -> AudioFeatures:
        """The audio features that the network is conditioned on."""
        return features_named(self.audio_features)

"""The generator: stills of a face and 0.35 s of audio to the face that says it (Chung, Jamaludin, Zisserman 2017).

With its defaults it is the authors' released graph ("v201"), layer for layer. Residual, FiLM and leaky are not theirs:
they are what a small network on little data needs. Shapes: B faces, N stills of each, C channels, H height, W width.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from schemas.errors import UsageError
from speech2vid.reader.audio_features import MFCC, SPEECH, AudioFeatures, audio_features

STILL_PX = 112
DECODERS = ("upsample", "transposed")
IMAGE_SIDES = (109, 112)
_MIN_CHANNELS = 16  # with eight in the last layers all of them died
_LEAK = 0.2
_SPEECH_DROPOUT = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorSettings:
    """Which generator."""

    width: float = 1.0  # share of the published channels
    num_identity: int = 5  # stills
    skips: bool = True  # three maps of the stills join the decoder
    decoder: str = "upsample"  # or transposed convolutions
    image_px: int = 109  # side of what comes out; 112 pads the last layers more
    residual: bool = False  # what comes out is added to the mean of the stills
    film: bool = False  # the code scales and shifts every decoder layer
    leaky: bool = False  # in the decoder, so that no channel dies
    audio_dropout: float = 0.0  # of the sound's code, while training
    audio: str = "mfcc"  # or "speech": what is heard, see sound_kinds

    @property
    def kind(self) -> AudioFeatures:
        """What is heard."""
        return audio_features(self.audio)

    def __post_init__(self) -> None:
        audio_features(self.audio)
        if not 0 < self.width <= 4 or self.num_identity < 1 or not 0 <= self.audio_dropout < 1:
            raise UsageError(f"a generator has a width in 0..4, one still or more and a dropout below 1, not {self}")
        if self.decoder not in DECODERS or self.image_px not in IMAGE_SIDES:
            raise UsageError(
                f"a generator's decoder is one of {DECODERS} and its image_px one of {IMAGE_SIDES}, not "
                f"{self.decoder!r} and {self.image_px}"
            )


class Generator(nn.Module):
    """Stills and audio to faces. See GeneratorSettings for the arguments."""

    def __init__(
        self,
        *,
        width: float = 1.0,
        num_identity: int = 5,
        skips: bool = True,
        decoder: str = "upsample",
        image_px: int = 109,
        residual: bool = False,
        film: bool = False,
        leaky: bool = False,
        audio_dropout: float = 0.0,
        audio: str = "mfcc",
    ) -> None:
        super().__init__()
        self.settings = GeneratorSettings(
            width=width,
            num_identity=num_identity,
            skips=skips,
            decoder=decoder,
            image_px=image_px,
            residual=residual,
            film=film,
            leaky=leaky,
            audio_dropout=audio_dropout,
            audio=audio,
        )
        self.audio = AudioEncoder(width) if self.settings.kind == MFCC else SpeechCodeEncoder(width)
        self.identity = IdentityEncoder(width, num_identity)
        self.decoder = Decoder(self.settings)
        self.apply(_begin)
        if residual:  # begin at the mean still
            nn.init.normal_(self.decoder.last.weight, std=0.01)

    def forward(self, audio_B1CT: Tensor, identity_BCHW: Tensor) -> Tensor:
        """Faces (B, 3, image_px, image_px), RGB in 0..1.

        audio: (B, 1, C, W) of the kind that is heard, of MFCC (B, 1, 12, 35). identity: (B, 3 N, 112, 112), RGB in
        0..255, still after still; or fewer rows, of which each serves B / rows sounds that follow each other.
        """
        maps = [_repeated(map_BCHW, len(audio_B1CT)) for map_BCHW in self.look(identity_BCHW)]
        return self.speak(self.audio(audio_B1CT), maps)

    def look(self, identity_BCHW: Tensor) -> list[Tensor]:
        """All that the stills give: their code, relu1, pool1, relu2, and the mean still in 0..1 at the face's size."""
        return [*self.identity(identity_BCHW), self._mean_still(identity_BCHW)]

    def speak(self, audio_BC11: Tensor, maps: list[Tensor]) -> Tensor:
        """Faces of audio codes and as many rows of each map of `look`."""
        code, relu1, pool1, relu2, still_BCHW = maps
        audio_BC11 = F.dropout(audio_BC11, self.settings.audio_dropout, self.training)
        joined = {"relu1": relu1, "pool1": pool1, "relu2": relu2}
        x_BCHW = self.decoder(torch.cat([audio_BC11, code], 1), joined).float()
        if not self.settings.residual:
            return torch.sigmoid(x_BCHW)
        face_BCHW = still_BCHW + torch.tanh(x_BCHW)
        return face_BCHW if self.training else face_BCHW.clamp(0, 1)  # a clamp would stop the gradient

    def _mean_still(self, identity_BCHW: Tensor) -> Tensor:
        still_BCHW = identity_BCHW.float().unflatten(1, (self.settings.num_identity, 3)).mean(1) / 255
        return resized(still_BCHW, self.settings.image_px)


class AudioEncoder(nn.Module):
    """MFCC (B, 1, 12, 35) to their code (B, 256 width, 1, 1)."""

    def __init__(self, width: float) -> None:
        super().__init__()
        c64, c128, c256, c512 = (scaled(channels, width) for channels in (64, 128, 256, 512))
        self.num_channels = c256
        self.layers = nn.Sequential(
            Encoded(1, c64, 3, padding=1),
            Encoded(c64, c128, 3, padding=1),
            # After a ReLU zeros below count as nothing.
            nn.ZeroPad2d((0, 0, 1, 0)),
            nn.MaxPool2d(3, (1, 2)),
            Encoded(c128, c256, 3, padding=1),
            Encoded(c256, c256, 3, padding=1),
            Encoded(c256, c256, 3, padding=1),
            nn.MaxPool2d(3, 2),
            Encoded(c256, c512, (5, 8)),
            Encoded(c512, c256, 1),
        )

    def forward(self, audio_B1CT: Tensor) -> Tensor:
        """See the class."""
        return self.layers(audio_B1CT)


class SpeechCodeEncoder(nn.Module):
    """Features of a speech encoder (B, 1, 288, 22) to their code (B, 256 width, 1, 1): what the paper does not have."""

    def __init__(self, width: float) -> None:
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
        """See the class."""
        return self.layers(audio_B1CT)


class IdentityEncoder(nn.Module):
    """Stills (B, 3 N, 112, 112) to their code (B, 256 width, 1, 1) and the maps relu1, pool1, relu2."""

    def __init__(self, width: float, num_identity: int) -> None:
        super().__init__()
        c96, c256, c512 = (scaled(channels, width) for channels in (96, 256, 512))
        self.first = Encoded(3 * num_identity, c96, 7, stride=2)
        self.pool1 = nn.MaxPool2d(3, 2)
        self.second = Encoded(c96, c256, 5, stride=2, padding=1)
        self.pool2 = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(3, 2))
        self.third = Encoded(c256, c512, 3, padding=1)
        self.fourth = Encoded(c512, c512, 3, padding=1)
        self.fifth = Encoded(c512, c512, 3, padding=1)
        self.last = nn.Sequential(Encoded(c512, c512, 6), Encoded(c512, c256, 1))

    def forward(self, identity_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Code, relu1, pool1, relu2."""
        relu1 = self.first(identity_BCHW)
        pool1 = self.pool1(relu1)
        relu2 = self.second(pool1)
        return self.last(self.fifth(self.fourth(self.third(self.pool2(relu2))))), relu1, pool1, relu2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """One layer of the decoder."""

    channels: int  # at width 1
    kernel: int
    pads: tuple[int, int] = (1, 1)  # top and bottom, and the same left and right
    doubles: bool = True
    joins: str = ""  # the stills' map that is put beside what this layer gives


def _decoder_layers(image_px: int) -> list[_Layer]:
    wide = (2, 1) if image_px == IMAGE_SIDES[0] else (2, 2)
    return [
        _Layer(channels=128, kernel=3),
        _Layer(channels=256, kernel=3),
        _Layer(channels=512, kernel=3, pads=(0, 0)),
        _Layer(channels=256, kernel=3, joins="relu2"),
        _Layer(channels=256, kernel=3),
        _Layer(channels=96, kernel=5, pads=(3, 3), doubles=False, joins="pool1"),
        _Layer(channels=96, kernel=3, pads=(2, 1), joins="relu1"),
        _Layer(channels=64, kernel=3, pads=wide),
        _Layer(channels=32, kernel=3, pads=wide, doubles=False),
    ]


class Decoder(nn.Module):
    """Both codes (B, 512 width, 1, 1) and the stills' maps to (B, 3, image_px, image_px), before the last sigmoid."""

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__()
        width, self._skips = settings.width, settings.skips
        code, given = 2 * scaled(256, width), scaled(128, width)
        self.first = nn.Sequential(nn.Conv2d(code, given, 1), _bend(settings.leaky))
        joined = {"relu1": scaled(96, width), "pool1": scaled(96, width), "relu2": scaled(256, width), "": 0}
        layers, self._joins = _decoder_layers(settings.image_px), []
        self.layers = nn.ModuleList()
        for layer in layers:
            self.layers.append(DecoderLayer(given, layer, settings, code))
            self._joins.append(layer.joins if settings.skips else "")
            given = scaled(layer.channels, width) + joined[self._joins[-1]]
        self._last_pads = _sides(layers[-1].pads)
        self.last = nn.Conv2d(given, 3, 3)

    def forward(self, code_BC11: Tensor, maps: dict[str, Tensor]) -> Tensor:
        """See the class."""
        x_BCHW = self.first(code_BC11)
        for layer, name in zip(self.layers, self._joins, strict=True):
            x_BCHW = layer(x_BCHW, code_BC11)
            x_BCHW = torch.cat([x_BCHW, maps[name]], 1) if name else x_BCHW
        return self.last(F.pad(x_BCHW, self._last_pads))


class DecoderLayer(nn.Module):
    """Twice as large, one convolution, no norm; or a transposed convolution that gives the same size."""

    def __init__(self, given: int, layer: _Layer, settings: GeneratorSettings, code: int) -> None:
        super().__init__()
        channels = scaled(layer.channels, settings.width)
        if layer.doubles and settings.decoder == "transposed":
            more_px = sum(layer.pads) - layer.kernel + 1  # than twice the side
            kernel = 4 + max(more_px, 0)
            self.grow = nn.ConvTranspose2d(given, channels, kernel, 2, (kernel - more_px - 2) // 2)
        else:
            up = [nn.UpsamplingBilinear2d(scale_factor=2)] if layer.doubles else []
            self.grow = nn.Sequential(*up, nn.ZeroPad2d(_sides(layer.pads)), nn.Conv2d(given, channels, layer.kernel))
        self.film = nn.Linear(code, 2 * channels) if settings.film else None
        self.bend = _bend(settings.leaky)

    def forward(self, x_BCHW: Tensor, code_BC11: Tensor) -> Tensor:
        """See the class."""
        x_BCHW = self.grow(x_BCHW)
        if self.film is not None:
            scale_BC11, shift_BC11 = self.film(code_BC11.flatten(1))[:, :, None, None].chunk(2, 1)
            x_BCHW = x_BCHW * (1 + scale_BC11) + shift_BC11
        return self.bend(x_BCHW)


class Encoded(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(
        self, given: int, channels: int, kernel: int | tuple[int, int], *, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__(nn.Conv2d(given, channels, kernel, stride, padding), nn.BatchNorm2d(channels), nn.ReLU())


def new_generator(settings: GeneratorSettings) -> Generator:
    """A generator of these settings, untrained."""
    return Generator(**asdict(settings))


def scaled(channels: int, width: float) -> int:
    """Channels at a width: a multiple of eight, sixteen at least."""
    return max(_MIN_CHANNELS, 8 * round(channels * width / 8))


def resized(faces_BCHW: Tensor, image_px: int) -> Tensor:
    """Square faces at another side."""
    if faces_BCHW.shape[-1] == image_px:
        return faces_BCHW
    return F.interpolate(faces_BCHW, (image_px, image_px), mode="bilinear", align_corners=False)


def _repeated(map_BCHW: Tensor, num_rows: int) -> Tensor:
    return map_BCHW if len(map_BCHW) == num_rows else map_BCHW.repeat_interleave(num_rows // len(map_BCHW), 0)


def _sides(pads: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, right, top, bottom, as torch takes them."""
    return (*pads, *pads)


def _bend(leaky: bool) -> nn.Module:
    return nn.LeakyReLU(_LEAK) if leaky else nn.ReLU()


def _begin(module: nn.Module) -> None:
    """Weights that keep a signal's strength through layers that have no norm; FiLM begins by changing nothing."""
    if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.weight)
    if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.zeros_(module.bias)

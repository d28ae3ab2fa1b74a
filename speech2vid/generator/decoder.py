"""The generator's decoder: audio and identity code to a face. Shapes: B faces, C channels, H height, W width."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2vid.generator.layers import activation, scaled
from speech2vid.generator.settings import PUBLISHED_STILL_PX, GeneratorSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class _LayerSpec:
    """One layer of the decoder."""

    channels: int  # at width 1
    kernel: int
    pads: tuple[int, int] = (1, 1)  # px at the top and at the bottom, and the same at the left and at the right
    doubles: bool = True  # whether the layer doubles height and width
    grown_px: int | None = None  # side before the convolution, instead of twice the input's
    skip: str = ""  # feature map of the stills that is concatenated to the layer's output


def _layer_specs(settings: GeneratorSettings) -> list[_LayerSpec]:
    wide = (2, 2) if settings.is_padded else (2, 1)
    # With stills of another side the third layer grows to where the skips' maps are twice as large, as in the paper.
    grown_px = None if settings.still_px == PUBLISHED_STILL_PX else settings.smallest_map_px + 2
    return [
        _LayerSpec(channels=128, kernel=3),
        _LayerSpec(channels=256, kernel=3),
        _LayerSpec(channels=512, kernel=3, pads=(0, 0), grown_px=grown_px),
        _LayerSpec(channels=256, kernel=3, skip="relu2"),
        _LayerSpec(channels=256, kernel=3),
        _LayerSpec(channels=96, kernel=5, pads=(3, 3), doubles=False, skip="pool1"),
        _LayerSpec(channels=96, kernel=3, pads=(2, 1), skip="relu1"),
        _LayerSpec(channels=64, kernel=3, pads=wide),
        _LayerSpec(channels=32, kernel=3, pads=wide, doubles=False),
    ]


class Decoder(nn.Module):
    """Both codes (B, 512 width, 1, 1) and the stills' feature maps to faces, before the last sigmoid or tanh."""

    def __init__(self, settings: GeneratorSettings) -> None:
        """Build the decoder of a generator."""
        super().__init__()
        width = settings.width
        code_channels, channels = 2 * scaled(256, width), scaled(128, width)
        self.first = nn.Sequential(nn.Conv2d(code_channels, channels, 1), activation(settings.leaky))
        skip_channels = {"relu1": scaled(96, width), "pool1": scaled(96, width), "relu2": scaled(256, width), "": 0}
        specs = _layer_specs(settings)
        self._skips = [spec.skip if settings.skips else "" for spec in specs]
        self.layers = nn.ModuleList()
        for spec, skip in zip(specs, self._skips, strict=True):
            self.layers.append(DecoderLayer(channels, spec, settings, code_channels))
            channels = scaled(spec.channels, width) + skip_channels[skip]
        self._last_pads = _sides(specs[-1].pads)
        self.last = nn.Conv2d(channels, 3, 3)

    def forward(self, code_BC11: Tensor, maps: dict[str, Tensor]) -> Tensor:
        """Faces (B, 3, image_px, image_px), not yet in 0..1; maps: relu1, pool1 and relu2 of the identity encoder."""
        x_BCHW = self.first(code_BC11)
        for layer, skip in zip(self.layers, self._skips, strict=True):
            x_BCHW = layer(x_BCHW, code_BC11)
            x_BCHW = torch.cat([x_BCHW, maps[skip]], 1) if skip else x_BCHW
        return self.last(F.pad(x_BCHW, self._last_pads))


class DecoderLayer(nn.Module):
    """Bilinear upsampling and a convolution without a norm; or a transposed convolution to the same size."""

    def __init__(self, in_channels: int, spec: _LayerSpec, settings: GeneratorSettings, code_channels: int) -> None:
        """Build one layer; code_channels: of both codes together, for FiLM."""
        super().__init__()
        channels = scaled(spec.channels, settings.width)
        self.grow: nn.Module
        if spec.doubles and spec.grown_px is None and settings.decoder == "transposed":
            more_px = sum(spec.pads) - spec.kernel + 1  # by which the output is larger than twice the input's side
            kernel = 4 + max(more_px, 0)
            self.grow = nn.ConvTranspose2d(in_channels, channels, kernel, 2, (kernel - more_px - 2) // 2)
        else:
            by = {"size": spec.grown_px} if spec.grown_px else {"scale_factor": 2}
            up = [nn.UpsamplingBilinear2d(**by)] if spec.doubles else []
            self.grow = nn.Sequential(
                *up, nn.ZeroPad2d(_sides(spec.pads)), nn.Conv2d(in_channels, channels, spec.kernel)
            )
        self.film = nn.Linear(code_channels, 2 * channels) if settings.film else None
        self.bend = activation(settings.leaky)

    def forward(self, x_BCHW: Tensor, code_BC11: Tensor) -> Tensor:
        """Output of the layer, scaled and shifted by the codes where the layer has FiLM."""
        x_BCHW = self.grow(x_BCHW)
        if self.film is not None:
            scale_BC11, shift_BC11 = self.film(code_BC11.flatten(1))[:, :, None, None].chunk(2, 1)
            x_BCHW = x_BCHW * (1 + scale_BC11) + shift_BC11
        return self.bend(x_BCHW)


def _sides(pads: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, right, top and bottom, in torch's order."""
    return (*pads, *pads)

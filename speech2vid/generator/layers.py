"""Layers that the generator's encoders and its decoder share. Shapes: B faces, H height, W width."""

from torch import nn

_MIN_CHANNELS = 16  # with eight channels in the last layers, all of them died in training
_LEAK = 0.2


class ConvBlock(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(
        self, in_channels: int, channels: int, kernel: int | tuple[int, int], *, stride: int = 1, padding: int = 0
    ) -> None:
        """Map (B, in_channels, H, W) to (B, channels, H', W')."""
        super().__init__(nn.Conv2d(in_channels, channels, kernel, stride, padding), nn.BatchNorm2d(channels), nn.ReLU())


def scaled(channels: int, width: float) -> int:
    """Published channels at another width, rounded to a multiple of 8 and at least 16."""
    return max(_MIN_CHANNELS, 8 * round(channels * width / 8))


def activation(leaky: bool) -> nn.Module:
    """ReLU, or a leaky ReLU."""
    return nn.LeakyReLU(_LEAK) if leaky else nn.ReLU()


def initialise(module: nn.Module) -> None:
    """Initialise one layer: He for convolutions, which keeps the signal's variance without a norm; FiLM as identity."""
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    elif isinstance(module, nn.Linear):
        nn.init.zeros_(module.weight)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)

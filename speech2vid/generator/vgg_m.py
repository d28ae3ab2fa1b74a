"""The convolutions of VGG-M, trained on VGG Face, from a file in the published layout.

The published files are MatConvNet's: .mat with `net.layers` or `net.params`, with batch norm or without. A .safetensors
file with torch's names (conv1.weight, conv1.bias, bn1.weight, bn1.running_mean ...) can be read too.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from schemas.errors import UsageError
from speech2vid.generator.encoders import IdentityEncoder

NUM_CONVOLUTIONS = 5
_GEOMETRY = ((2, 0), (2, 1), (1, 1), (1, 1), (1, 1))  # stride and padding of each convolution
_POOL_PADS = {1: (0, 0, 0, 0), 2: (0, 1, 0, 1)}  # of the pools after convolutions 1 and 2: left, right, top, bottom
_MEAN_RGB = (129.1863, 104.7624, 93.5940)  # of VGG Face's images: the weights expect images less this mean
_EPSILON = 1e-5
VggWeights = dict[str, Tensor]
"""conv1.weight, conv1.bias, and with batch norm bn1.weight, bn1.bias, bn1.running_mean, bn1.running_var; up to 5."""


class FaceVgg(nn.Module):
    """Frozen VGG-M from RGB faces in 0..1 to its maps relu1 ... relu5."""

    mean_3HW: Tensor

    def __init__(self, path: Path) -> None:
        """Read the weights; UsageError when the file holds something else."""
        super().__init__()
        self._names: dict[str, str] = {}
        for name, value in read_vgg_m(path).items():
            self._names[name] = name.replace(".", "_")
            self.register_buffer(self._names[name], value, persistent=False)
        self.register_buffer("mean_3HW", torch.tensor(_MEAN_RGB)[:, None, None], persistent=False)

    def forward(self, faces_B3HW: Tensor) -> list[Tensor]:
        """Five maps of RGB faces in 0..1."""
        maps: list[Tensor] = []
        x_BCHW = faces_B3HW * 255 - self.mean_3HW
        for number, (stride, padding) in enumerate(_GEOMETRY, 1):
            x_BCHW = F.conv2d(x_BCHW, self._of(f"conv{number}.weight"), self._of(f"conv{number}.bias"), stride, padding)
            maps.append(F.relu(self._normed(x_BCHW, number)))
            x_BCHW = F.max_pool2d(F.pad(maps[-1], _POOL_PADS[number]), 3, 2) if number in _POOL_PADS else maps[-1]
        return maps

    def _of(self, name: str) -> Tensor:
        return getattr(self, self._names[name])

    def _normed(self, x_BCHW: Tensor, number: int) -> Tensor:
        if f"bn{number}.weight" not in self._names:
            return x_BCHW
        mean, variance, scale, shift = (
            self._of(f"bn{number}.{name}") for name in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x_BCHW, mean, variance, scale, shift, eps=_EPSILON)


def read_vgg_m(path: Path) -> VggWeights:
    """Weights of a .mat or .safetensors file; UsageError when it holds something else."""
    if path.suffix == ".mat":
        weights = _read_matconvnet(path)
    elif path.suffix == ".safetensors":
        from safetensors.torch import load_file

        weights = load_file(path)
    else:
        raise UsageError(f"VGG-M weights come as .mat or .safetensors, not {path.name}")
    for number in range(1, NUM_CONVOLUTIONS + 1):
        found = weights.get(f"conv{number}.weight")
        if found is None or found.ndim != 4 or (number == 1 and tuple(found.shape[1:]) != (3, 7, 7)):
            raise UsageError(
                f"{path} is not VGG-M: its conv{number} "
                f"{'is missing' if found is None else f'has shape {tuple(found.shape)}'}"
            )
    return {
        name: value.float()
        for name, value in weights.items()
        if name.split(".")[0] in {f"{kind}{number}" for kind in ("conv", "bn") for number in range(1, 6)}
    }


def start_identity_encoder(encoder: IdentityEncoder, path: Path) -> None:
    """Initialise an identity encoder with VGG-M: convolutions 1 to 5, and batch norm where the file has it.

    The first convolution is divided among the stills. UsageError: the encoder is not of the full width.
    """
    weights = read_vgg_m(path)
    blocks = (encoder.first, encoder.second, encoder.third, encoder.fourth, encoder.fifth)
    for number, block in enumerate(blocks, 1):
        convolution, norm = block[0], block[1]
        assert isinstance(convolution, nn.Conv2d)
        kernels = weights[f"conv{number}.weight"]
        num_stills = convolution.in_channels // 3 if number == 1 else 1
        state = {"weight": kernels.repeat(1, num_stills, 1, 1) / num_stills, "bias": weights[f"conv{number}.bias"]}
        if state["weight"].shape != convolution.weight.shape:
            raise UsageError(
                f"{path}: conv{number} has shape {tuple(kernels.shape)}, but the identity encoder's has "
                f"{tuple(convolution.weight.shape)}: --identity_init needs a generator of the full width"
            )
        convolution.load_state_dict(state)
        stored = {name.partition(".")[2]: value for name, value in weights.items() if name.startswith(f"bn{number}.")}
        norm.load_state_dict(norm.state_dict() | stored)


def _read_matconvnet(path: Path) -> VggWeights:
    from scipy.io import loadmat

    net = loadmat(path, squeeze_me=True, struct_as_record=False)
    net = net.get("net", net)
    if hasattr(net, "params") or (isinstance(net, dict) and "params" in net):
        return _from_params(net["params"] if isinstance(net, dict) else net.params)
    layers = net.get("layers") if isinstance(net, dict) else getattr(net, "layers", None)
    if layers is None:
        raise UsageError(f"{path} is not a MatConvNet network: it has neither layers nor params")
    return _from_layers(layers)


def _from_layers(layers: np.ndarray) -> VggWeights:
    """Weights of a SimpleNN: a layer has weights {filters, biases}, or for batch norm {scales, shifts, moments}."""
    weights: VggWeights = {}
    number = 0
    for layer in np.atleast_1d(layers):
        if layer.type == "conv" and number < NUM_CONVOLUTIONS:  # the layers after them are fully connected
            number += 1
            weights |= _convolution(number, *_filters_and_biases(layer))
        elif layer.type == "bnorm" and f"bn{number}.weight" not in weights:
            weights |= _norm(number, *layer.weights)
    return weights


def _filters_and_biases(layer: Any) -> tuple[np.ndarray, np.ndarray]:
    filters, biases = layer.weights if hasattr(layer, "weights") else (layer.filters, layer.biases)
    return filters, biases


def _from_params(params: np.ndarray) -> VggWeights:
    """Weights of a DagNN: parameters by name, conv1f, conv1b, bn1f, bn1b, bn1m."""
    values = {entry.name: entry.value for entry in np.atleast_1d(params)}
    weights: VggWeights = {}
    for number in range(1, NUM_CONVOLUTIONS + 1):
        if f"conv{number}f" in values:
            weights |= _convolution(number, values[f"conv{number}f"], values.get(f"conv{number}b"))
        if f"bn{number}f" in values:
            weights |= _norm(number, values[f"bn{number}f"], values[f"bn{number}b"], values[f"bn{number}m"])
    return weights


def _convolution(number: int, filters: np.ndarray, biases: np.ndarray | None) -> VggWeights:
    """Weights of one convolution; MatConvNet's filters are (height, width, in, out)."""
    kernels = torch.from_numpy(np.ascontiguousarray(filters.transpose(3, 2, 0, 1), dtype=np.float32))
    biases = np.zeros(len(kernels)) if biases is None else biases
    return {f"conv{number}.weight": kernels, f"conv{number}.bias": _flat(biases)}


def _norm(number: int, scales: np.ndarray, shifts: np.ndarray, moments: np.ndarray) -> VggWeights:
    """Weights of one batch norm; its moments are the mean and the standard deviation, epsilon included."""
    variance = _flat(moments[:, 1]) ** 2 - _EPSILON
    return {
        f"bn{number}.weight": _flat(scales),
        f"bn{number}.bias": _flat(shifts),
        f"bn{number}.running_mean": _flat(moments[:, 0]),
        f"bn{number}.running_var": variance,
    }


def _flat(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.ravel(values), dtype=np.float32))

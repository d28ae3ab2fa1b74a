"""Five feature maps of a frozen face network, for the content loss: an ONNX network, or VGG-M from a file.

ONNX Runtime gives no gradients, so torch runs the few types of layers that such networks consist of.
Shapes: B faces, C channels, H height, W width.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from schemas.errors import UsageError
from speech2vid.generator.vgg_m import FaceVgg
from transforms.media.models import model_path

NUM_MAPS = 5
_INPUT_PX = 112
_MAP_AXES = 4
Attributes = dict[str, Any]
"""Attributes of an ONNX layer."""


def load_face_features(spec: str) -> nn.Module:
    """Frozen network from RGB faces in 0..1 to a list of five maps, differentiable.

    spec: centerface, which the graph uses too; an ONNX file; or a file of VGG-M weights. UsageError: nothing is there.
    """
    if spec == "centerface":
        return OnnxFeatures(Path(model_path("centerface")))
    path = Path(spec)
    if not path.is_file():
        raise UsageError(
            f"no face network for the content loss at {spec}: give centerface, an ONNX file, or VGG-M "
            "weights (.mat, .safetensors)"
        )
    return OnnxFeatures(path) if path.suffix == ".onnx" else FaceVgg(path)


class OnnxFeatures(nn.Module):
    """The last map at each of the first five sizes of an ONNX network, which takes RGB in 0..255."""

    def __init__(self, path: Path) -> None:
        """Read the network; UsageError when it has no maps of five sizes."""
        super().__init__()
        model = onnx.load(str(path))
        self._nodes, self._input = list(model.graph.node), _only_input(model.graph, path)
        weights = {
            value.name: torch.from_numpy(numpy_helper.to_array(value).copy()) for value in model.graph.initializer
        }
        self._names = {name: f"weight_{number}" for number, name in enumerate(weights)}
        for name, value in weights.items():
            self.register_buffer(self._names[name], value, persistent=False)
        self._kept = self._last_of_each_size(path)
        last = max(index for index, node in enumerate(self._nodes) if node.output[0] in self._kept)
        self._nodes = self._nodes[: last + 1]

    def forward(self, faces_B3HW: Tensor) -> list[Tensor]:
        """Five maps of RGB faces in 0..1."""
        values = {self._input: _network_input(faces_B3HW)}
        for node in self._nodes:
            values[node.output[0]] = self._run(node, values)
        return [values[name] for name in self._kept]

    def _run(self, node: onnx.NodeProto, values: dict[str, Tensor]) -> Tensor:
        inputs = [getattr(self, self._names[name]) if name in self._names else values[name] for name in node.input]
        attributes = {value.name: onnx.helper.get_attribute_value(value) for value in node.attribute}
        return _LAYERS[node.op_type](inputs, attributes)

    @torch.no_grad()
    def _last_of_each_size(self, path: Path) -> list[str]:
        """Names of the last activation at each map size, largest size first, found by running the network once."""
        found: dict[int, str] = {}
        values = {self._input: torch.zeros(1, 3, _INPUT_PX, _INPUT_PX)}
        for node in self._nodes:
            if node.op_type not in _LAYERS:
                break  # the network's heads, whose layers are not needed
            values[node.output[0]] = value = self._run(node, values)
            if value.ndim == _MAP_AXES and value.shape[-1] > 1 and node.op_type in ("Relu", "PRelu"):
                found[value.shape[-1]] = node.output[0]
        kept = [found[side] for side in sorted(found, reverse=True)][:NUM_MAPS]
        if len(kept) < NUM_MAPS:
            raise UsageError(
                f"{path} gives feature maps of {len(kept)} sizes, not {NUM_MAPS}, before a layer that is "
                f"not one of {', '.join(_LAYERS)}: give another face network"
            )
        return kept


def _only_input(graph: onnx.GraphProto, path: Path) -> str:
    weights = {value.name for value in graph.initializer}
    names = [value.name for value in graph.input if value.name not in weights]
    if len(names) != 1:
        raise UsageError(f"{path} takes {len(names)} inputs: a face network takes one image")
    return names[0]


def _network_input(faces_B3HW: Tensor) -> Tensor:
    if faces_B3HW.shape[-1] != _INPUT_PX:
        faces_B3HW = F.interpolate(faces_B3HW, (_INPUT_PX, _INPUT_PX), mode="bilinear", align_corners=False)
    return faces_B3HW * 255


def _padded(x_BCHW: Tensor, attributes: Attributes, value: float = 0.0) -> Tensor:
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    return F.pad(x_BCHW, (left, right, top, bottom), value=value)


def _convolution(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    return F.conv2d(
        _padded(inputs[0], attributes),
        inputs[1],
        inputs[2] if len(inputs) > 2 else None,
        attributes.get("strides", 1),
        0,
        attributes.get("dilations", 1),
        attributes.get("group", 1),
    )


def _norm(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    scale, shift, mean, variance = inputs[1:]
    return F.batch_norm(inputs[0], mean, variance, scale, shift, eps=attributes.get("epsilon", 1e-5))


def _pool(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    padded = _padded(inputs[0], attributes, -torch.inf)
    return F.max_pool2d(padded, attributes["kernel_shape"], attributes.get("strides", 1))


_LAYERS: dict[str, Callable[[list[Tensor], Attributes], Tensor]] = {
    "Conv": _convolution,
    "BatchNormalization": _norm,
    "MaxPool": _pool,
    "Relu": lambda inputs, _: F.relu(inputs[0]),
    "PRelu": lambda inputs, _: F.prelu(inputs[0], inputs[1].flatten()),
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "Sub": lambda inputs, _: inputs[0] - inputs[1],
    "Mul": lambda inputs, _: inputs[0] * inputs[1],
    "Identity": lambda inputs, _: inputs[0],
}
"""ONNX layer -> the same in torch, from its inputs and attributes."""

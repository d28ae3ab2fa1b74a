"""Five feature maps of a frozen face network, for the content loss: an ONNX network, or VGG-M from a file.

ONNX Runtime gives no gradients, so the few kinds of layers that such networks are made of are run by torch.
Shapes: B faces, C channels, H height, W width.
"""

from pathlib import Path
from typing import Protocol

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from schemas.errors import UsageError
from speech2vid.generator.vgg_m import FaceVgg
from transforms.media.models import model_path

NUM_MAPS = 5
_SEEN_PX = 112
_SPATIAL = 4  # axes of a map


class FaceFeatures(Protocol):
    """Frozen, differentiable."""

    def __call__(self, faces_B3HW: Tensor) -> list[Tensor]:
        """Five maps of RGB faces in 0..1."""


def load_face_features(spec: str) -> nn.Module:
    """By the setting: centerface (which is installed anyway), an ONNX file, or a file of VGG-M weights."""
    if spec == "centerface":
        return OnnxFeatures(Path(model_path("centerface")))
    path = Path(spec)
    if not path.is_file():
        raise UsageError(
            f"no face network for the content loss is at {spec}: give centerface, an ONNX file, or VGG-M "
            "weights (.mat, .safetensors)"
        )
    return OnnxFeatures(path) if path.suffix == ".onnx" else FaceVgg(path)


class OnnxFeatures(nn.Module):
    """The last map at each of the five sizes that an ONNX network goes through; it takes RGB in 0..255."""

    def __init__(self, path: Path) -> None:
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
        """See FaceFeatures."""
        known = {self._input: _seen(faces_B3HW)}
        for node in self._nodes:
            known[node.output[0]] = self._run(node, known)
        return [known[name] for name in self._kept]

    def _run(self, node: onnx.NodeProto, known: dict[str, Tensor]) -> Tensor:
        given = [getattr(self, self._names[name]) if name in self._names else known[name] for name in node.input]
        with_ = {value.name: onnx.helper.get_attribute_value(value) for value in node.attribute}
        return _LAYERS[node.op_type](given, with_)

    @torch.no_grad()
    def _last_of_each_size(self, path: Path) -> list[str]:
        """Names of the maps, found by one run: while sizes shrink, the last activation of each."""
        found, known = {}, {self._input: torch.zeros(1, 3, _SEEN_PX, _SEEN_PX)}
        for node in self._nodes:
            if node.op_type not in _LAYERS:
                break  # heads: their layers are not needed
            known[node.output[0]] = value = self._run(node, known)
            if value.ndim == _SPATIAL and value.shape[-1] > 1 and node.op_type in ("Relu", "PRelu"):
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
        raise UsageError(f"{path} takes {len(names)} inputs: a face network takes one picture")
    return names[0]


def _seen(faces_B3HW: Tensor) -> Tensor:
    if faces_B3HW.shape[-1] != _SEEN_PX:
        faces_B3HW = F.interpolate(faces_B3HW, (_SEEN_PX, _SEEN_PX), mode="bilinear", align_corners=False)
    return faces_B3HW * 255


def _padded(x_BCHW: Tensor, with_: dict, value: float = 0.0) -> Tensor:
    top, left, bottom, right = with_.get("pads", (0, 0, 0, 0))
    return F.pad(x_BCHW, (left, right, top, bottom), value=value)


def _convolution(given: list[Tensor], with_: dict) -> Tensor:
    return F.conv2d(
        _padded(given[0], with_),
        given[1],
        given[2] if len(given) > 2 else None,
        with_.get("strides", 1),
        0,
        with_.get("dilations", 1),
        with_.get("group", 1),
    )


def _norm(given: list[Tensor], with_: dict) -> Tensor:
    scale, shift, mean, variance = given[1:]
    return F.batch_norm(given[0], mean, variance, scale, shift, eps=with_.get("epsilon", 1e-5))


def _pool(given: list[Tensor], with_: dict) -> Tensor:
    return F.max_pool2d(_padded(given[0], with_, -torch.inf), with_["kernel_shape"], with_.get("strides", 1))


_LAYERS = {
    "Conv": _convolution,
    "BatchNormalization": _norm,
    "MaxPool": _pool,
    "Relu": lambda given, with_: F.relu(given[0]),
    "PRelu": lambda given, with_: F.prelu(given[0], given[1].flatten()),
    "Add": lambda given, with_: given[0] + given[1],
    "Sub": lambda given, with_: given[0] - given[1],
    "Mul": lambda given, with_: given[0] * given[1],
    "Identity": lambda given, with_: given[0],
}
"""ONNX layer -> the same by torch, from what it is given and its attributes."""

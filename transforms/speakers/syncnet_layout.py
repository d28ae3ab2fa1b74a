"""The published SyncNet (Chung & Zisserman 2016): the arrays in its file, and the ONNX network made from them."""

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.errors import UsageError

if TYPE_CHECKING:
    import onnx

WINDOW_FRAMES, WINDOW_COLUMNS = 5, 20  # 0.2 s of image and of audio
CROP_PX = 224
FACE_INPUT, FACE_OUTPUT = "face_windows", "face_embedding"  # (N, 15, 224, 224): five frames of each colour channel
AUDIO_INPUT, AUDIO_OUTPUT = "sound_windows", "sound_embedding"  # (N, 1, 13, 20)
LAYOUT_KEY, SOURCE_KEY = "talkshard.syncnet_layout", "talkshard.source_sha256"
"""Metadata of a converted file: the layout's version, and the sha256 of the file that was converted."""
LAYOUT = "1"

_HIDDEN, _EMBEDDING = 512, 1024
_BATCH_NORM_EPSILON = 1e-5
_STATISTICS = ("weight", "bias", "running_mean", "running_var")
_OPSET, _IR_VERSION = 18, 8  # old enough for every current ONNX Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A max-pool of 3 x 3."""

    strides: tuple[int, int]
    pad: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Convolution, batch norm (the next index) and ReLU, and a pool where there is one."""

    index: int  # of the convolution in its nn.Sequential
    weight: tuple[int, ...]  # shape in the file
    stride: int = 1
    pad: int = 0
    pool: Pool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tower:
    """A stack of layers, then 512 -> 512 (batch norm, ReLU) -> 1024."""

    layers_name: str  # prefixes of the state dict's keys
    dense_name: str
    layers: tuple[Layer, ...]
    input_name: str
    input_shape: tuple[int, ...]  # of one window
    output_name: str


# The first layer spans exactly five frames, so every later layer has one frame. Its frames are treated as 15 channels,
# and the image tower becomes a stack of 2-D convolutions.
FACE = Tower(
    layers_name="netcnnlip",
    dense_name="netfclip",
    input_name=FACE_INPUT,
    output_name=FACE_OUTPUT,
    input_shape=(3 * WINDOW_FRAMES, CROP_PX, CROP_PX),
    layers=(
        Layer(index=0, weight=(96, 3, 5, 7, 7), stride=2, pool=Pool(strides=(2, 2))),
        Layer(index=4, weight=(256, 96, 1, 5, 5), stride=2, pad=1, pool=Pool(strides=(2, 2), pad=1)),
        Layer(index=8, weight=(256, 256, 1, 3, 3), pad=1),
        Layer(index=11, weight=(256, 256, 1, 3, 3), pad=1),
        Layer(index=14, weight=(256, 256, 1, 3, 3), pad=1, pool=Pool(strides=(2, 2))),
        Layer(index=18, weight=(512, 256, 1, 6, 6)),
    ),
)
AUDIO = Tower(
    layers_name="netcnnaud",
    dense_name="netfcaud",
    input_name=AUDIO_INPUT,
    output_name=AUDIO_OUTPUT,
    input_shape=(1, 13, WINDOW_COLUMNS),
    layers=(
        Layer(index=0, weight=(64, 1, 3, 3), pad=1),
        Layer(index=4, weight=(192, 64, 3, 3), pad=1, pool=Pool(strides=(1, 2))),
        Layer(index=8, weight=(384, 192, 3, 3), pad=1),
        Layer(index=11, weight=(256, 384, 3, 3), pad=1),
        Layer(index=14, weight=(256, 256, 3, 3), pad=1, pool=Pool(strides=(2, 2))),
        Layer(index=18, weight=(512, 256, 5, 4)),
    ),
)


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Key in the state dict -> shape of its array."""
    shapes: dict[str, tuple[int, ...]] = {}
    for tower in (FACE, AUDIO):
        for layer in tower.layers:
            shapes |= _shapes_of(tower.layers_name, layer.index, layer.weight, True)
        shapes |= _shapes_of(tower.dense_name, 0, (_HIDDEN, _HIDDEN), True)
        shapes |= _shapes_of(tower.dense_name, 3, (_EMBEDDING, _HIDDEN), False)
    return shapes


def check_arrays(arrays: dict[str, np.ndarray], name: str) -> None:
    """Raise UsageError, which names the first difference, unless the arrays are exactly those of the layout."""
    expected = expected_shapes()
    wanted = "expected the state dict of the released syncnet_v2.model"
    for key, shape in expected.items():
        if key not in arrays:
            raise UsageError(f"{name} holds no {key}; {wanted}")
        if arrays[key].shape != shape:
            raise UsageError(f"{name}: {key} has shape {arrays[key].shape}, not {shape}; {wanted}")
        if not np.isfinite(arrays[key]).all():
            raise UsageError(f"{name}: {key} holds values that are not finite; {wanted}")
    others = sorted(key for key in arrays if key not in expected and not key.endswith(".num_batches_tracked"))
    if others:
        raise UsageError(f"{name} also holds {others[0]!r}; {wanted}")


def onnx_network(arrays: dict[str, np.ndarray], source_sha256: str) -> bytes:
    """ONNX file made from checked arrays: both towers, with batch norms folded into the layers before them."""
    import onnx
    from onnx import TensorProto, helper

    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = []
    inputs, outputs = [], []
    for tower in (FACE, AUDIO):
        _add_tower(tower, arrays, nodes, weights)
        inputs.append(helper.make_tensor_value_info(tower.input_name, TensorProto.FLOAT, ["N", *tower.input_shape]))
        outputs.append(helper.make_tensor_value_info(tower.output_name, TensorProto.FLOAT, ["N", _EMBEDDING]))
    graph = helper.make_graph(nodes, "syncnet", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    helper.set_model_props(model, {LAYOUT_KEY: LAYOUT, SOURCE_KEY: source_sha256})
    return model.SerializeToString(deterministic=True)


def _add_tower(
    tower: Tower, arrays: dict[str, np.ndarray], nodes: list["onnx.NodeProto"], weights: list["onnx.TensorProto"]
) -> None:
    """Append the nodes and weights of one tower."""
    from onnx import helper

    current = tower.input_name

    def add(operator: str, name: str, parameters: tuple[np.ndarray, ...] = (), **attributes: Any) -> None:
        nonlocal current
        names = [f"{name}.{part}" for part in ("weight", "bias")[: len(parameters)]]
        weights.extend(_tensor(*pair) for pair in zip(names, parameters, strict=True))
        nodes.append(helper.make_node(operator, [current, *names], [name], name=name, **attributes))
        current = name

    for layer in tower.layers:
        name = f"{tower.layers_name}.{layer.index}"
        add(
            "Conv",
            name,
            _folded(arrays, tower.layers_name, layer.index),
            strides=[layer.stride] * 2,
            pads=[layer.pad] * 4,
        )
        add("Relu", f"{name}.relu")
        if layer.pool:
            add("MaxPool", f"{name}.pool", kernel_shape=[3, 3], strides=layer.pool.strides, pads=[layer.pool.pad] * 4)
    add("Flatten", f"{tower.layers_name}.flat")
    add("Gemm", f"{tower.dense_name}.0", _folded(arrays, tower.dense_name, 0), transB=1)
    add("Relu", f"{tower.dense_name}.0.relu")
    last = tuple(arrays[f"{tower.dense_name}.3.{part}"] for part in ("weight", "bias"))
    add("Gemm", tower.output_name, last, transB=1)


def _folded(arrays: dict[str, np.ndarray], stack: str, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of a layer with the batch norm after it folded in; frames of a 3-D weight become channels."""
    weight, bias = (arrays[f"{stack}.{index}.{part}"].astype(np.float64) for part in ("weight", "bias"))
    gain, shift, mean, variance = (arrays[f"{stack}.{index + 1}.{part}"].astype(np.float64) for part in _STATISTICS)
    scale = gain / np.sqrt(variance + _BATCH_NORM_EPSILON)
    weight = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
    if weight.ndim == 5:
        weight = weight.reshape(len(weight), prod(weight.shape[1:3]), *weight.shape[3:])
    return weight, (bias - mean) * scale + shift


def _shapes_of(stack: str, index: int, weight: tuple[int, ...], has_batch_norm: bool) -> dict[str, tuple[int, ...]]:
    shapes = {f"{stack}.{index}.weight": weight, f"{stack}.{index}.bias": weight[:1]}
    return shapes | ({f"{stack}.{index + 1}.{part}": weight[:1] for part in _STATISTICS} if has_batch_norm else {})


def _tensor(name: str, values: np.ndarray) -> "onnx.TensorProto":
    from onnx import numpy_helper

    return numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name)

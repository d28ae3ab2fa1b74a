"""Networks as ONNX files: small, and the same bytes for the same weights."""

import io
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

_OPSET = 18
_MIN_HALVED = 1024  # numbers: halving a smaller tensor saves nothing
_LARGEST_HALF = 60_000


def write_onnx(
    network: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
    metadata: dict[str, str],
    path: Path,
) -> None:
    """Write a network as an ONNX file whose weights are float16 and whose arithmetic is float32.

    example: one tensor for each input; axes: name of an input or output -> dimension that may change -> its name.
    """
    model = exported_model(network, example, inputs, outputs, axes)
    _store_halves(model.graph)
    onnx.helper.set_model_props(model, metadata)
    path.write_bytes(model.SerializeToString(deterministic=True))


def exported_model(
    network: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
) -> onnx.ModelProto:
    """Export a network as it is, with float32 weights; see write_onnx."""
    buffer = io.BytesIO()
    # The older exporter writes no paths or traces of the machine, so that the same weights give the same bytes.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is deprecated, and that some sizes are constant
        torch.onnx.export(
            network.cpu(),
            example,
            buffer,  # type: ignore[arg-type]  # the older exporter takes a file object, which the annotation omits
            dynamo=False,
            opset_version=_OPSET,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
        )
    return onnx.load_model_from_string(buffer.getvalue())


def _store_halves(graph: onnx.GraphProto) -> None:
    """Store weights as float16, which halves the file; Cast nodes turn them back, so arithmetic stays in float32."""
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size >= _MIN_HALVED and np.abs(values).max() < _LARGEST_HALF:
            name, stored = weight.name, f"{weight.name}_half"
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
            casts.append(onnx.helper.make_node("Cast", [stored], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)

"""The content of an ONNX file that a user gives: what cannot be read, or is none, is one line with a hint."""

from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    import onnx

TRAINED = "give the FILE.onnx that `talkshard train` wrote"
"""The hint where a network of the trainer is asked for."""


def read_weights(path: Path, hint: str = TRAINED) -> bytes:
    """Content of a file of weights; UsageError, which ends with the hint, when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the network {path}: {error.strerror}; {hint}") from error


def onnx_model(content: bytes, path: Path, hint: str = TRAINED) -> "onnx.ModelProto":
    """ONNX model of a file's content; UsageError, which ends with the hint, when it is not one."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        raise UsageError(f"{path} is not an ONNX file; {hint}") from None
    if not model.graph.node:
        raise UsageError(f"{path} is not an ONNX file; {hint}")
    return model


def input_sizes(model: "onnx.ModelProto") -> dict[str, list[int]]:
    """Dimensions of each input by name; 0 for a dimension of any size."""
    weights = {value.name for value in model.graph.initializer}
    return {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in model.graph.input
        if value.name not in weights
    }

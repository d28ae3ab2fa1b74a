"""ONNX Runtime on the CPU, on one thread, so that the bits do not depend on what else runs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx
    import onnxruntime


def onnx_session(model: str | bytes) -> "onnxruntime.InferenceSession":
    """Inference session of a file, or of a model's bytes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def part_session(model: "onnx.ModelProto", inputs: list[str], output: str) -> "onnxruntime.InferenceSession":
    """Session of the part of an ONNX model between some inputs and one output.

    A session of the whole model would need all of its inputs at every run.
    """
    from onnx.utils import Extractor

    return onnx_session(Extractor(model).extract_model(inputs, [output]).SerializeToString())


def metadata_of(model: "onnx.ModelProto") -> dict[str, str]:
    """Key -> value of an ONNX model's metadata."""
    return {entry.key: entry.value for entry in model.metadata_props}

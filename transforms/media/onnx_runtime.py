"""ONNX Runtime on the CPU, on one thread, so that the bits do not depend on what else runs."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx
    import onnxruntime


def onnx_session(model: str | bytes) -> "onnxruntime.InferenceSession":
    """Inference session of a file, or of a model's bytes."""
    return _session(model, _options())


def _options() -> "onnxruntime.SessionOptions":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def _session(model: str | bytes, options: "onnxruntime.SessionOptions") -> "onnxruntime.InferenceSession":
    import onnxruntime

    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def as_onnx(path: str) -> "onnx.ModelProto":
    """The ONNX model of a file in ONNX Runtime's own format, which cannot be cut; in 0.05 s."""
    import onnx
    import onnxruntime

    options = _options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.save_model_format", "ONNX")
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        options.optimized_model_filepath = str(Path(folder) / "model.onnx")
        _session(path, options)
        return onnx.load(options.optimized_model_filepath)


def part_session(model: "onnx.ModelProto", inputs: list[str], *outputs: str) -> "onnxruntime.InferenceSession":
    """Session of the part of an ONNX model between some inputs and some values, which become the outputs.

    A session of the whole model would need all of its inputs at every run.
    """
    from onnx import TensorProto, helper
    from onnx.utils import Extractor

    known = {value.name for value in (*model.graph.output, *model.graph.value_info)}
    for output in (name for name in outputs if name not in known):
        model.graph.value_info.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, None))
    return onnx_session(Extractor(model).extract_model(inputs, list(outputs)).SerializeToString())


def metadata_of(model: "onnx.ModelProto") -> dict[str, str]:
    """Key -> value of an ONNX model's metadata."""
    return {entry.key: entry.value for entry in model.metadata_props}

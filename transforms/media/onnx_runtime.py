"""ONNX Runtime, the same everywhere: the CPU, one thread, so that the bits do not depend on what else runs."""


def onnx_session(model: str | bytes):
    """Inference session of a file, or of a model's bytes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def part_session(model, taken: list[str], given: str):
    """Session of the part of an ONNX model between some inputs and one output.

    A session of the whole model would want all inputs at every run.
    """
    from onnx.utils import Extractor

    return onnx_session(Extractor(model).extract_model(taken, [given]).SerializeToString())


def metadata_of(model) -> dict[str, str]:
    """Key -> value of an ONNX model's metadata."""
    return {entry.key: entry.value for entry in model.metadata_props}

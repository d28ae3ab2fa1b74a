"""ONNX Runtime, the same everywhere: the CPU, one thread, so that the bits do not depend on what else runs."""


def onnx_session(model: str | bytes):
    """Inference session of a file, or of a model's bytes."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

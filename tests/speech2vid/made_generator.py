"""A generator without training: the mean of the stills at half brightness, brighter in frames whose audio is loud."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from speech2vid.generator.file import AUDIO_INPUT

NUM_IDENTITY, IMAGE_PX, TARGET_OFFSET = 2, 112, 16


def write_generator(path: Path, without: str = "") -> Path:
    """Write its ONNX file; without: a metadata key to leave out."""
    metadata = {
        "talkshard.num_identity": str(NUM_IDENTITY),
        "talkshard.image_px": str(IMAGE_PX),
        "talkshard.target_offset": str(TARGET_OFFSET),
        "talkshard.recipe": "made",
        "talkshard.sound": "mfcc",
    }
    return _written(path, _generator_graph(), metadata, without)


def _generator_graph() -> onnx.GraphProto:
    constants = {
        "stills_shape": [0, NUM_IDENTITY, 3, IMAGE_PX, IMAGE_PX],
        "still_axis": [1],
        "all_axes": [1, 2, 3],
        "starts": [TARGET_OFFSET],
        "ends": [TARGET_OFFSET + 4],
        "column_axis": [3],
        "flat": [-1, 1, 1, 1],
    }
    numbers = {"half_of_byte": 0.5 / 255, "half": 0.5}
    nodes = [
        helper.make_node("Reshape", ["identity", "stills_shape"], ["stills"]),
        helper.make_node("ReduceMean", ["stills", "still_axis"], ["mean_still"], keepdims=0),
        helper.make_node("Mul", ["mean_still", "half_of_byte"], ["dark_still"]),
        helper.make_node("Slice", [AUDIO_INPUT, "starts", "ends", "column_axis"], ["frame_columns"]),
        helper.make_node("Abs", ["frame_columns"], ["size"]),
        helper.make_node("ReduceMean", ["size", "all_axes"], ["loudness"], keepdims=0),
        helper.make_node("Sigmoid", ["loudness"], ["squashed"]),
        helper.make_node("Sub", ["squashed", "half"], ["brightness"]),
        helper.make_node("Reshape", ["brightness", "flat"], ["brightness_everywhere"]),
        helper.make_node("Add", ["dark_still", "brightness_everywhere"], ["face"]),
    ]
    initializers = [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in constants.items()]
    initializers += [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in numbers.items()]
    inputs = [
        helper.make_tensor_value_info(AUDIO_INPUT, TensorProto.FLOAT, ["batch", 1, 12, 35]),
        helper.make_tensor_value_info("identity", TensorProto.FLOAT, ["rows", 3 * NUM_IDENTITY, IMAGE_PX, IMAGE_PX]),
    ]
    outputs = [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["batch", 3, IMAGE_PX, IMAGE_PX])]
    return helper.make_graph(nodes, "made", inputs, outputs, initializers)


def write_inverter(path: Path) -> Path:
    """Write a "deblurring" network whose effect is easy to check: it gives the negative of an image."""
    one = numpy_helper.from_array(np.array(1, np.float32), "one")
    shape = ["batch", 3, "height", "width"]
    graph = helper.make_graph(
        [helper.make_node("Sub", ["one", "face"], ["sharp"])],
        "made",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("sharp", TensorProto.FLOAT, shape)],
        [one],
    )
    return _written(path, graph, {}, "")


def _written(path: Path, graph: onnx.GraphProto, metadata: dict[str, str], without: str) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {key: value for key, value in metadata.items() if key != without})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path

"""A motion network by hand: the louder the audio, the further the mouth opens."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from speech2vid.generator.file import AUDIO_KEY, OFFSET_KEY, RECIPE_KEY, SPEECH_ENCODER_KEY
from speech2vid.motion.file import AUDIO_INPUT, CLOSED_OUTPUT, LIP_MOTION_KEY, SHAPES_OUTPUT, SPACE_PREFIX
from speech2vid.reader.audio_features import MFCC
from transforms.media.canonical import INNER_LIPS
from transforms.media.models import model_sha256
from transforms.speakers.lip_motion import FEATURE_VERSION, NUM_FEATURES, POINTS
from transforms.speakers.speech_encoder import MODEL as SPEECH_MODEL

OPENING = 0.15  # eye distances: between the mouth's shapes of silence and of noise
_JAW = (14, 17, 87, 84, 317, 314, 88, 318, 178, 402, 152, 200, 199, 175, 18, 148, 377)


def write_motion(path: Path) -> Path:
    """Write a network of one component, which lowers lower lip and chin."""
    component = np.zeros(NUM_FEATURES)
    moved = [3 * int(place) + 1 for place in np.flatnonzero(np.isin(POINTS, _JAW))]
    component[moved] = 1 / np.sqrt(len(moved))
    displacements = np.zeros((1, 468, 3))
    displacements[0, _JAW, 1] = 1 / np.sqrt(len(moved))
    mean = np.zeros(NUM_FEATURES)
    mean[3 * int(np.flatnonzero(POINTS == INNER_LIPS[1])[0]) + 1] = 0.1
    space = {
        "mean": mean,
        "components": component[None],
        "displacements": displacements,
        "within": np.ones(1),
        "between": np.ones(1),
    }
    shape = (OPENING / 2) * np.sqrt(len(moved))
    path.write_bytes(_model(shape, space).SerializeToString())
    return path


def _model(shape: float, space: dict[str, np.ndarray]):
    """shapes = shape * tanh of the mean coefficient; closed is 0."""
    constants = {"axes": np.array([1, 2]), "shape": np.float32([[shape]]), "zero": np.float32(0), "last": np.array([1])}
    nodes = [
        helper.make_node("ReduceMean", [AUDIO_INPUT, "axes"], ["mean_audio"], keepdims=0),
        helper.make_node("Tanh", ["mean_audio"], ["loudness"]),
        helper.make_node("Unsqueeze", ["loudness", "last"], ["column"]),
        helper.make_node("Mul", ["column", "shape"], [SHAPES_OUTPUT]),
        helper.make_node("Mul", ["loudness", "zero"], [CLOSED_OUTPUT]),
    ]
    graph = helper.make_graph(
        nodes,
        "motion",
        [
            helper.make_tensor_value_info(
                AUDIO_INPUT, TensorProto.FLOAT, ["frames", MFCC.num_channels, MFCC.window_columns]
            )
        ],
        [
            helper.make_tensor_value_info(SHAPES_OUTPUT, TensorProto.FLOAT, ["frames", 1]),
            helper.make_tensor_value_info(CLOSED_OUTPUT, TensorProto.FLOAT, ["frames"]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
        + [numpy_helper.from_array(array.astype(np.float32), SPACE_PREFIX + name) for name, array in space.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(
        model,
        {
            RECIPE_KEY: "motion",
            AUDIO_KEY: MFCC.name,
            OFFSET_KEY: str(MFCC.target_offset),
            SPEECH_ENCODER_KEY: model_sha256(SPEECH_MODEL),
            LIP_MOTION_KEY: FEATURE_VERSION,
        },
    )
    return model

"""Export of a motion network to the ONNX file that `generate` and `dub` read without torch."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from speech2vid.generator.file import AUDIO_KEY, OFFSET_KEY, RECIPE_KEY, SPEECH_ENCODER_KEY
from speech2vid.generator.onnx_export import exported_model
from speech2vid.motion.file import AUDIO_INPUT, CLOSED_OUTPUT, LIP_MOTION_KEY, SHAPES_OUTPUT, SPACE_PREFIX
from speech2vid.motion.mouth_space import MouthSpace
from speech2vid.motion_training.network import MeanMotion, MotionNetwork
from speech2vid.reader.audio_features import MIDDLE_SPEECH
from transforms.media.models import model_sha256
from transforms.speakers.lip_motion import FEATURE_VERSION
from transforms.speakers.speech_encoder import MODEL as SPEECH_MODEL


def export_motion(network: MotionNetwork, space: MouthSpace, path: Path, recipe: str) -> None:
    """Write AUDIO_INPUT (T, C, 22) to SHAPES_OUTPUT (T, P) and CLOSED_OUTPUT (T,), and the space's arrays."""
    example = (torch.zeros(2, MIDDLE_SPEECH.num_channels, MIDDLE_SPEECH.window_columns),)
    outputs = [SHAPES_OUTPUT, CLOSED_OUTPUT]
    axes = {name: {0: "frames"} for name in (AUDIO_INPUT, *outputs)}
    model = exported_model(MeanMotion(network).eval(), example, [AUDIO_INPUT], outputs, axes)
    for field in dataclasses.fields(space):
        array = getattr(space, field.name).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(array, SPACE_PREFIX + field.name))
    metadata = {
        RECIPE_KEY: recipe,
        AUDIO_KEY: MIDDLE_SPEECH.name,
        OFFSET_KEY: str(MIDDLE_SPEECH.target_offset),
        SPEECH_ENCODER_KEY: model_sha256(SPEECH_MODEL),
        LIP_MOTION_KEY: FEATURE_VERSION,
    }
    onnx.helper.set_model_props(model, metadata)
    path.write_bytes(model.SerializeToString(deterministic=True))

"""A motion network's ONNX file: from windows of audio features to mouth shapes, without torch."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from schemas.errors import UsageError
from speech2vid.generator.file import AUDIO_KEY, OFFSET_KEY, RECIPE_KEY, SPEECH_ENCODER_KEY, onnx_model, read_weights
from speech2vid.motion.mouth_space import MouthMotion, MouthSpace
from speech2vid.reader.audio_features import AudioFeatures, features_named
from transforms.media.models import model_sha256
from transforms.media.onnx_runtime import metadata_of, onnx_session
from transforms.speakers.lip_motion import FEATURE_VERSION
from transforms.speakers.speech_encoder import MODEL as SPEECH_MODEL

if TYPE_CHECKING:
    import onnx

AUDIO_INPUT, SHAPES_OUTPUT, CLOSED_OUTPUT = "audio", "shapes", "closed"
"""Input and outputs of the network."""
SPACE_PREFIX = "mouth_space."
"""Initializers of the file that hold the fields of its MouthSpace; they are no part of the network."""
LIP_MOTION_KEY = "talkshard.lip_motion"
DEFAULT_PATH = Path(__file__).parents[1] / "weights" / "motion.onnx"
"""The bundled motion network."""
_HINT = "give the motion.onnx that `talkshard train --recipe motion` wrote"


class MotionFile:
    """A motion network that runs in ONNX Runtime, with the space of its mouth shapes."""

    def __init__(self, path: Path = DEFAULT_PATH) -> None:
        """Load a file that `talkshard train --recipe motion` wrote; UsageError when it is something else."""
        content = read_weights(path, _HINT)
        model = onnx_model(content, path, _HINT)
        self.audio_features, self.target_offset = _audio_of(metadata_of(model), path)
        self.space = _take_space(model, path)
        self.sha256, self.name = hashlib.sha256(content).hexdigest(), path.name
        self._session = onnx_session(model.SerializeToString())

    def motion(self, windows: np.ndarray) -> MouthMotion:
        """Mouth shapes of windows float32 (T, C, W) of `audio_features`, one a frame."""
        shapes, closed = self._session.run([SHAPES_OUTPUT, CLOSED_OUTPUT], {AUDIO_INPUT: windows})
        return MouthMotion(shapes=shapes, closed=closed)


def _audio_of(metadata: dict[str, str], path: Path) -> tuple[AudioFeatures, int]:
    """Audio features, and the window's column at which a frame begins."""
    for key in (RECIPE_KEY, AUDIO_KEY, OFFSET_KEY, SPEECH_ENCODER_KEY, LIP_MOTION_KEY):
        if key not in metadata:
            raise UsageError(f"{path} is not a motion network: its metadata has no {key}; {_HINT}")
    if metadata[LIP_MOTION_KEY] != FEATURE_VERSION or metadata[SPEECH_ENCODER_KEY] != model_sha256(SPEECH_MODEL):
        raise UsageError(f"{path} was trained by another version of Talkshard: train it again with this one")
    try:
        return features_named(metadata[AUDIO_KEY]), int(metadata[OFFSET_KEY])
    except (UsageError, ValueError) as error:
        raise UsageError(f"{path} is not a motion network that this version can run: {error}; {_HINT}") from error


def _take_space(model: "onnx.ModelProto", path: Path) -> MouthSpace:
    """The mouth space of a model, which is taken out of it."""
    from onnx import numpy_helper

    found = {value.name: value for value in model.graph.initializer if value.name.startswith(SPACE_PREFIX)}
    arrays = {name.removeprefix(SPACE_PREFIX): numpy_helper.to_array(value) for name, value in found.items()}
    for value in found.values():
        model.graph.initializer.remove(value)
    try:
        return MouthSpace(**{name: array.astype(np.float64) for name, array in arrays.items()})
    except TypeError:
        raise UsageError(f"{path} is not a motion network: it holds no space of mouth shapes; {_HINT}") from None

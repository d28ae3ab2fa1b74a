"""A generator's ONNX file: its metadata, and faces from stills and audio features, without torch."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from schemas.errors import UsageError
from speech2vid.reader.audio_features import SPEECH, AudioFeatures, features_named
from transforms.media.models import model_sha256
from transforms.media.onnx_file import TRAINED, input_sizes, onnx_model, read_weights
from transforms.media.onnx_runtime import metadata_of, onnx_session
from transforms.speakers.speech_encoder import MODEL as SPEECH_MODEL

if TYPE_CHECKING:
    import onnx

AUDIO_INPUT = "sound"
STILLS_INPUT, FACE_OUTPUT = "identity", "face"
"""Inputs and output of the network."""
NUM_IDENTITY_KEY, IMAGE_KEY, OFFSET_KEY = "talkshard.num_identity", "talkshard.image_px", "talkshard.target_offset"
RECIPE_KEY, AUDIO_KEY, SPEECH_ENCODER_KEY = "talkshard.recipe", "talkshard.sound", "talkshard.speech_encoder"
"""Metadata keys; the value of AUDIO_KEY is the name of the audio features."""
KIND_KEY = "talkshard.kind"
"""Metadata key of what a file holds, where that is no generator of pixels."""
_HINT = TRAINED


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorShape:
    """What a generator takes, from its metadata."""

    num_identity: int  # stills
    still_px: int  # side of a still
    target_offset: int  # column of the audio window at which the generated frame begins
    recipe: str
    audio_features: AudioFeatures


class GeneratorFile:
    """A generator that runs in ONNX Runtime."""

    def __init__(self, path: Path) -> None:
        """Load a file that `talkshard train` wrote; UsageError when it is something else."""
        content = read_weights(path)
        self.sha256, self.name = hashlib.sha256(content).hexdigest(), path.name
        self.shape = _shape_of(onnx_model(content, path), path)
        self._session = onnx_session(content)

    def faces(self, windows: np.ndarray, stills_rgb: np.ndarray) -> np.ndarray:
        """Generate faces RGB float32 (B, S, S, 3), 0..1.

        windows: float32 (B, C, W) of shape.audio_features; stills_rgb: uint8 (num_identity, still_px, still_px, 3).
        """
        expected = (self.shape.num_identity, self.shape.still_px, self.shape.still_px, 3)
        if stills_rgb.shape != expected:
            raise ValueError(f"{self.name} takes stills {expected}, not {stills_rgb.shape}")
        # One row of stills for all windows: they are encoded once.
        planes = stills_rgb.transpose(0, 3, 1, 2).reshape(1, -1, *expected[1:3]).astype(np.float32)
        inputs = {AUDIO_INPUT: windows[:, None], STILLS_INPUT: planes}
        return self._session.run([FACE_OUTPUT], inputs)[0].transpose(0, 2, 3, 1)


class DeblurringFile:
    """A deblurring network that runs in ONNX Runtime: blurred faces to sharp ones of the same shape."""

    def __init__(self, path: Path) -> None:
        """Load a file that `talkshard train` wrote; UsageError when it is something else."""
        content = read_weights(path)
        num_inputs = len(input_sizes(onnx_model(content, path)))
        if num_inputs != 1:
            raise UsageError(f"{path} is not a deblurring network: it takes {num_inputs} inputs; {_HINT}")
        self.sha256, self._session = hashlib.sha256(content).hexdigest(), onnx_session(content)

    def sharpen(self, faces_rgb: np.ndarray) -> np.ndarray:
        """Sharpen faces RGB float32 (B, S, S, 3), 0..1."""
        name = self._session.get_inputs()[0].name
        planes = np.ascontiguousarray(faces_rgb.transpose(0, 3, 1, 2))
        return self._session.run(None, {name: planes})[0].transpose(0, 2, 3, 1)


def recipe_of(path: Path) -> str:
    """What kind of network a file holds: its metadata's `talkshard.kind`, else its recipe; UsageError: it is none."""
    metadata = metadata_of(onnx_model(read_weights(path), path))
    return metadata.get(KIND_KEY) or metadata.get(RECIPE_KEY, "")


def _shape_of(model: "onnx.ModelProto", path: Path) -> GeneratorShape:
    metadata = metadata_of(model)
    shape = _shape_in(metadata, path)
    _check_speech_encoder(shape, metadata, path)
    _check_inputs(shape, input_sizes(model), path)
    return shape


def _shape_in(metadata: dict[str, str], path: Path) -> GeneratorShape:
    for key in (NUM_IDENTITY_KEY, IMAGE_KEY, OFFSET_KEY, RECIPE_KEY, AUDIO_KEY):
        if key not in metadata:
            raise UsageError(
                f"{path} is not a talking-face generator, or of an earlier version: its metadata has no {key}; "
                f"{_HINT} with this version"
            )
    still_px, num_identity = int(metadata[IMAGE_KEY]), int(metadata[NUM_IDENTITY_KEY])
    try:
        features, target_offset = features_named(metadata[AUDIO_KEY]), int(metadata[OFFSET_KEY])
    except (UsageError, ValueError) as error:
        raise UsageError(f"{path} is not a generator that this version can run: {error}; {_HINT}") from error
    if not 0 <= target_offset < features.window_columns:
        raise UsageError(
            f"{path} is not a generator that this version can run: its {OFFSET_KEY} is {target_offset}; {_HINT}"
        )
    return GeneratorShape(
        num_identity=num_identity,
        still_px=still_px,
        target_offset=target_offset,
        recipe=metadata[RECIPE_KEY],
        audio_features=features,
    )


def _check_speech_encoder(shape: GeneratorShape, metadata: dict[str, str], path: Path) -> None:
    if shape.audio_features == SPEECH and metadata.get(SPEECH_ENCODER_KEY) != model_sha256(SPEECH_MODEL):
        raise UsageError(
            f"{path} was trained with another speech encoder than this version's: train it again, or use the version "
            "of Talkshard that trained it"
        )


def _check_inputs(shape: GeneratorShape, sizes: dict[str, list[int]], path: Path) -> None:
    expected = {
        AUDIO_INPUT: [1, shape.audio_features.num_channels, shape.audio_features.window_columns],
        STILLS_INPUT: [3 * shape.num_identity, shape.still_px, shape.still_px],
    }
    for name, size in expected.items():
        if sizes.get(name, [0])[1:] != size:
            raise UsageError(
                f"{path} is not a talking-face generator: its input {name} is {sizes.get(name)}, "
                f"not [batch, {', '.join(map(str, size))}]; {_HINT}"
            )

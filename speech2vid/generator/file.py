"""A generator as an ONNX file: what its metadata says, and faces from stills and audio, without torch."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schemas.errors import UsageError
from speech2vid.reader.audio_features import SPEECH, AudioFeatures, audio_features
from transforms.media.models import model_sha256
from transforms.media.onnx_runtime import metadata_of, onnx_session
from transforms.speakers.speech_encoder import MODEL as SPEECH_MODEL

AUDIO_INPUT, STILLS_INPUT, FACE_OUTPUT = "sound", "identity", "face"
NUM_IDENTITY_KEY, IMAGE_KEY, OFFSET_KEY, RECIPE_KEY, AUDIO_KEY, SPEECH_ENCODER_KEY = (
    f"talkshard.{word}" for word in ("num_identity", "image_px", "target_offset", "recipe", "sound", "speech_encoder")
)
DEFAULT_PATH = Path(__file__).parents[1] / "weights" / "talking_face.onnx"
_MADE_BY = "give the FILE.onnx that `talkshard train` wrote"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorShape:
    """What a generator takes."""

    num_identity: int  # stills
    still_px: int  # side of a still
    target_offset: int  # column of the sound's window at which the shown frame begins
    recipe: str
    audio: AudioFeatures


class GeneratorFile:
    """Runs one generator."""

    def __init__(self, path: Path) -> None:
        content = read_weights(path)
        self.sha256, self.name = hashlib.sha256(content).hexdigest(), path.name
        self.shape = _shape_of(onnx_model(content, path), path)
        self._session = onnx_session(content)

    def faces(self, windows: np.ndarray, stills_rgb: np.ndarray) -> np.ndarray:
        """Faces RGB float32 (B, S, S, 3), 0..1.

        windows: float32 (B, C, W) of shape.sound; stills_rgb: uint8 (num_identity, still_px, still_px, 3).
        """
        expected = (self.shape.num_identity, self.shape.still_px, self.shape.still_px, 3)
        if stills_rgb.shape != expected:
            raise ValueError(f"{self.name} takes stills {expected}, not {stills_rgb.shape}")
        planes = stills_rgb.transpose(0, 3, 1, 2).reshape(1, -1, *expected[1:3]).astype(np.float32)
        given = {AUDIO_INPUT: windows[:, None], STILLS_INPUT: planes}  # looked at once for all sounds
        return self._session.run([FACE_OUTPUT], given)[0].transpose(0, 2, 3, 1)


class DeblurringFile:
    """Runs one network that takes blurred faces and gives sharp ones of the same shape."""

    def __init__(self, path: Path) -> None:
        content = read_weights(path)
        num_inputs = len(input_sizes(onnx_model(content, path)))
        if num_inputs != 1:
            raise UsageError(f"{path} is no deblurring network: it takes {num_inputs} inputs; {_MADE_BY}")
        self.sha256, self._session = hashlib.sha256(content).hexdigest(), onnx_session(content)

    def sharpen(self, faces_rgb: np.ndarray) -> np.ndarray:
        """Faces RGB float32 (B, S, S, 3), 0..1, as given."""
        name = self._session.get_inputs()[0].name
        planes = np.ascontiguousarray(faces_rgb.transpose(0, 3, 1, 2))
        return self._session.run(None, {name: planes})[0].transpose(0, 2, 3, 1)


def read_weights(path: Path, cure: str = _MADE_BY) -> bytes:
    """A file of weights; UsageError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the network {path}: {error.strerror}; {cure}") from error


def onnx_model(content: bytes, path: Path, cure: str = _MADE_BY):
    """ONNX model of a file's content; UsageError when it is none."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        raise UsageError(f"{path} is no ONNX file; {cure}") from None
    if not model.graph.node:
        raise UsageError(f"{path} is no ONNX file; {cure}")
    return model


def input_sizes(model) -> dict[str, list[int]]:
    """Input -> its dimensions; 0 where any size will do."""
    held = {value.name for value in model.graph.initializer}
    return {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in model.graph.input
        if value.name not in held
    }


def _shape_of(model, path: Path) -> GeneratorShape:
    metadata, sizes = metadata_of(model), input_sizes(model)
    missing = [key for key in (NUM_IDENTITY_KEY, IMAGE_KEY, OFFSET_KEY, RECIPE_KEY, AUDIO_KEY) if key not in metadata]
    if missing:
        raise UsageError(
            f"{path} is no generator of talking faces, or of an earlier version: its metadata has "
            f"no {missing[0]}; {_MADE_BY} with this version"
        )
    still_px, num_identity = int(metadata[IMAGE_KEY]), int(metadata[NUM_IDENTITY_KEY])
    try:
        audio, target_offset = audio_features(metadata[AUDIO_KEY]), int(metadata[OFFSET_KEY])
    except (UsageError, ValueError) as error:
        raise UsageError(f"{path} is no generator that this version can run: {error}; {_MADE_BY}") from error
    if not 0 <= target_offset < audio.window_columns:
        raise UsageError(
            f"{path} is no generator that this version can run: its {OFFSET_KEY} is {target_offset}; {_MADE_BY}"
        )
    expected = {
        AUDIO_INPUT: [1, audio.num_channels, audio.window_columns],
        STILLS_INPUT: [3 * num_identity, still_px, still_px],
    }
    if audio == SPEECH and metadata.get(SPEECH_ENCODER_KEY) != model_sha256(SPEECH_MODEL):
        raise UsageError(
            f"{path} hears by another speech encoder than this version's: train it again, or take "
            "the version that made it"
        )
    for name, size in expected.items():
        if sizes.get(name, [0])[1:] != size:
            raise UsageError(
                f"{path} is no generator of talking faces: its input {name} is {sizes.get(name)}, "
                f"not [batch, {', '.join(map(str, size))}]; {_MADE_BY}"
            )
    return GeneratorShape(
        num_identity=num_identity,
        still_px=still_px,
        target_offset=target_offset,
        recipe=metadata[RECIPE_KEY],
        audio=audio,
    )

"""Sync networks embed faces and audio in one space, 25 vectors per second, similar where they belong together."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from schemas.clock import COLUMNS_PER_FRAME, SAMPLES_PER_FRAME
from schemas.errors import UsageError
from transforms.media.mfcc import log_mel
from transforms.media.models import model_sha256
from transforms.media.onnx_runtime import metadata_of, part_session
from transforms.media.tubes import TubeFile
from transforms.speakers.config import SYNCNET
from transforms.speakers.lip_motion import FEATURE_VERSION, lip_motion
from transforms.speakers.score_sync import Calibration
from transforms.speakers.speech_encoder import MODEL, SpeechEncoder
from transforms.speakers.sync_scores import dot_products
from transforms.speakers.syncnet import PublishedSyncNet
from transforms.speakers.syncnet_checkpoint import converted_syncnet

if TYPE_CHECKING:
    import onnx

FACE_INPUT, FACE_OUTPUT = "lip_motion", "face_embedding"
AUDIO_INPUT, SPEECH_INPUT, AUDIO_OUTPUT = "sound_columns", "speech_features", "sound_embedding"
FEATURES_KEY, NAME_KEY, CALIBRATION_KEY = "talkshard.sync_features", "talkshard.name", "talkshard.calibration"
"""Metadata of a network file: the features it was trained on, its name, and its calibration."""
SPEECH_LAYERS, SPEECH_BLOCK_FRAMES = 3, 225
"""What the networks use of the speech encoder."""
LOG_MEL_FEATURES = f"lip_motion {FEATURE_VERSION}, log_mel 40"
FEATURES = (
    f"{LOG_MEL_FEATURES}, {MODEL} {model_sha256(MODEL)[:8]} layer {SPEECH_LAYERS} in blocks of {SPEECH_BLOCK_FRAMES}"
)
"""What a network takes: log-mel columns alone, or the features of the speech encoder beside them."""
DEFAULT_PATH = Path(__file__).parent / "weights" / "lip_sync.onnx"


class SyncNetwork(Protocol):
    """Embeds faces and audio in one space, and gives the similarity of two embeddings."""

    @property
    def name(self) -> str:
        """What the tables call it."""

    @property
    def sha256(self) -> str:
        """Hash of its file."""

    @property
    def calibration(self) -> Calibration | None:
        """What turns a curve into a probability; None where the file has none."""

    def embed_face(self, tubes: TubeFile, name: str) -> np.ndarray:
        """Vectors float32 (T, D) of the track `name` of T >= 1 frames; NaN where the network gives none."""

    def embed_audio(self, samples: np.ndarray) -> np.ndarray:
        """Vectors float32 (S, D) of int16 samples (640 S,) at 16 kHz, S >= 1; NaN where the network gives none."""

    def similarity(self, face: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Similarity float32 (N,) of N face vectors with N audio vectors, pair by pair; NaN where one is NaN."""


class OnnxSyncNetwork:
    """A file that `talkshard train-sync` wrote: two towers, each with its own time axis."""

    def __init__(self, path: Path) -> None:
        """Read the file; UsageError when it is missing or something else."""
        content = _read(path)
        self.sha256 = hashlib.sha256(content).hexdigest()
        model = _checked_model(content, path)
        metadata = metadata_of(model)
        self.name, self.calibration = metadata[NAME_KEY], _calibration(metadata, path)
        self._encoder = sync_speech_encoder() if metadata[FEATURES_KEY] == FEATURES else None
        audio_inputs = [AUDIO_INPUT, SPEECH_INPUT] if self._encoder else [AUDIO_INPUT]
        self._face = part_session(model, [FACE_INPUT], FACE_OUTPUT)
        self._audio = part_session(model, audio_inputs, AUDIO_OUTPUT)

    def embed_face(self, tubes: TubeFile, name: str) -> np.ndarray:
        """Unit vectors, one per frame: see SyncNetwork."""
        return self._face.run(None, {FACE_INPUT: lip_motion(tubes.mesh(name))})[0]

    def embed_audio(self, samples: np.ndarray) -> np.ndarray:
        """Unit vectors, one per frame, NaN in the digital silence before and after the audio: see SyncNetwork.

        That silence would change the embedding of the seconds next to it.
        """
        first, last = _audible_frames(samples)
        audible = samples[first * SAMPLES_PER_FRAME : last * SAMPLES_PER_FRAME]
        inputs = {AUDIO_INPUT: audio_columns(audible)}
        if self._encoder:
            inputs[SPEECH_INPUT] = self._encoder.encode(audible)
        vectors = self._audio.run(None, inputs)[0]
        around = (first, len(samples) // SAMPLES_PER_FRAME - last)
        return np.pad(vectors, (around, (0, 0)), constant_values=np.nan)

    def similarity(self, face: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Cosine similarity: see SyncNetwork."""
        return dot_products(face, audio)


def sync_speech_encoder() -> SpeechEncoder:
    """The speech encoder as sync networks use it, in training as in a build."""
    return SpeechEncoder((SPEECH_LAYERS,), SPEECH_BLOCK_FRAMES)


def _audible_frames(samples: np.ndarray) -> tuple[int, int]:
    """Range of frames, half-open, from the first sample that is not 0 to the last; all frames where every one is 0."""
    audible = np.flatnonzero(samples)
    if len(audible) == 0:
        return 0, len(samples) // SAMPLES_PER_FRAME
    return int(audible[0]) // SAMPLES_PER_FRAME, int(audible[-1]) // SAMPLES_PER_FRAME + 1


def audio_columns(samples: np.ndarray) -> np.ndarray:
    """Log-mel columns of whole frames: float32 (4 S, 40), of int16 samples (640 S,)."""
    if samples.dtype != np.int16 or samples.ndim != 1 or len(samples) % SAMPLES_PER_FRAME:
        raise ValueError(f"audio must be int16 samples (640 S,), not {samples.dtype} {samples.shape}")
    columns = log_mel(samples).T
    assert len(columns) == COLUMNS_PER_FRAME * (len(samples) // SAMPLES_PER_FRAME)
    return np.ascontiguousarray(columns)


def load_sync_network(spec: str) -> SyncNetwork:
    """Load a network by its setting: default, FILE.onnx or syncnet:FILE.

    UsageError: the file is missing or something else. syncnet:FILE is converted first, which needs torch, unless that
    was done before; workers get the converted file.
    """
    if spec.startswith(SYNCNET):
        return PublishedSyncNet(converted_syncnet(spec.removeprefix(SYNCNET)))
    return OnnxSyncNetwork(DEFAULT_PATH if spec == "default" else Path(spec))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read the sync network {path}: {error.strerror}; give --sync default, none or "
            "a FILE.onnx that `talkshard train-sync` wrote"
        ) from error


def _checked_model(content: bytes, path: Path) -> "onnx.ModelProto":
    """ONNX model of a file's content; UsageError when it is none, or was trained on other features."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        raise UsageError(
            f"{path} is not an ONNX file: --sync takes a FILE.onnx that `talkshard train-sync` wrote"
        ) from None
    metadata = metadata_of(model)
    if metadata.get(FEATURES_KEY) not in (FEATURES, LOG_MEL_FEATURES):
        found = metadata.get(FEATURES_KEY, "none of this program's")
        raise UsageError(
            f"{path} was trained on other features ({found}; wanted {FEATURES}): --sync takes a FILE.onnx "
            "that this version's `talkshard train-sync` wrote"
        )
    return model


def _calibration(metadata: dict[str, str], path: Path) -> Calibration | None:
    if CALIBRATION_KEY not in metadata:
        return None
    try:
        return Calibration.from_json(metadata[CALIBRATION_KEY])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} holds a calibration that cannot be read ({type(error).__name__}): --sync takes a "
            "FILE.onnx that this version's `talkshard train-sync` wrote"
        ) from error

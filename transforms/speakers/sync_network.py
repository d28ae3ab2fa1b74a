"""Sync networks: lip motion and sound become unit vectors, 25 a second, alike where they belong together."""
import hashlib
from pathlib import Path
from typing import Protocol

import numpy as np

from schemas.clock import COLUMNS_PER_FRAME, SAMPLES_PER_FRAME
from schemas.errors import UsageError
from transforms.media.mfcc import log_mel
from transforms.media.onnx_runtime import onnx_session
from transforms.speakers.lip_motion import FEATURE_VERSION, lip_motion

FACE_INPUT, FACE_OUTPUT = "lip_motion", "face_embedding"
SOUND_INPUT, SOUND_OUTPUT = "sound_columns", "sound_embedding"
FEATURES_KEY, NAME_KEY = "talkshard.sync_features", "talkshard.name"
"""Metadata of a network file: the features it was trained on, and what it is called."""
FEATURES = f"lip_motion {FEATURE_VERSION}, log_mel 40"
DEFAULT_PATH = Path(__file__).parent / "weights" / "lip_sync.onnx"


class SyncNetwork(Protocol):
    """Embeds faces and sounds in one space; the dot product of two embeddings is their similarity."""

    name: str
    sha256: str

    def embed_face(self, mesh: np.ndarray) -> np.ndarray:
        """Unit vectors float32 (T, D) of a track's mesh, int16 (T, 468, 3), T >= 1."""

    def embed_sound(self, samples: np.ndarray) -> np.ndarray:
        """Unit vectors float32 (S, D) of int16 samples (640 S,) at 16 kHz, S >= 1."""


class OnnxSyncNetwork:
    """A file that `talkshard train-sync` wrote: two towers with time axes of their own."""

    def __init__(self, path: Path) -> None:
        content = _read(path)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.name, self._face, self._sound = _towers(content, path)

    def embed_face(self, mesh: np.ndarray) -> np.ndarray:
        """See SyncNetwork."""
        return self._face.run(None, {FACE_INPUT: lip_motion(mesh)})[0]

    def embed_sound(self, samples: np.ndarray) -> np.ndarray:
        """See SyncNetwork."""
        return self._sound.run(None, {SOUND_INPUT: sound_columns(samples)})[0]


def sound_columns(samples: np.ndarray) -> np.ndarray:
    """Log-mel columns of whole frames: float32 (4 S, 40), of int16 samples (640 S,)."""
    if samples.dtype != np.int16 or samples.ndim != 1 or len(samples) % SAMPLES_PER_FRAME:
        raise ValueError(f"sound must be int16 samples (640 S,), not {samples.dtype} {samples.shape}")
    columns = log_mel(samples).T
    assert len(columns) == COLUMNS_PER_FRAME * (len(samples) // SAMPLES_PER_FRAME)
    return np.ascontiguousarray(columns)


def load_sync_network(spec: str) -> SyncNetwork:
    """Network by its setting, default or FILE.onnx; UsageError for a file that is missing or holds something else."""
    return OnnxSyncNetwork(DEFAULT_PATH if spec == "default" else Path(spec))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the sync network {path}: {error.strerror}; give --sync default, none or "
                         "a FILE.onnx that `talkshard train-sync` wrote") from error


def _towers(content: bytes, path: Path) -> tuple:
    """Name, and a session for each tower: a session of both would want both inputs at every run."""
    import onnx
    from google.protobuf.message import DecodeError
    from onnx.utils import Extractor
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        raise UsageError(f"{path} is no ONNX file: --sync takes a FILE.onnx that `talkshard train-sync` "
                         "wrote") from None
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    if metadata.get(FEATURES_KEY) != FEATURES:
        found = metadata.get(FEATURES_KEY, "none of this program's")
        raise UsageError(f"{path} was trained on other features ({found}; wanted {FEATURES}): --sync takes a FILE.onnx "
                         "that this version's `talkshard train-sync` wrote")
    pairs = ((FACE_INPUT, FACE_OUTPUT), (SOUND_INPUT, SOUND_OUTPUT))
    towers = [Extractor(model).extract_model([taken], [given]) for taken, given in pairs]
    return metadata[NAME_KEY], *(onnx_session(tower.SerializeToString()) for tower in towers)

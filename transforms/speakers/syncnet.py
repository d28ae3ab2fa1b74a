"""The published SyncNet with its own network, image crop and MFCC, so that its numbers are LSE-D and LSE-C."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from schemas.clock import COLUMNS_PER_FRAME, SAMPLES_PER_FRAME
from schemas.errors import UsageError
from schemas.sync_result import SyncResult
from transforms.media.mfcc import mfcc
from transforms.media.onnx_runtime import metadata_of, part_session
from transforms.media.tubes import TubeFile
from transforms.speakers.score_sync import Calibration
from transforms.speakers.syncnet_crop import face_windows
from transforms.speakers.syncnet_layout import (
    AUDIO_INPUT,
    AUDIO_OUTPUT,
    FACE_INPUT,
    FACE_OUTPUT,
    LAYOUT,
    LAYOUT_KEY,
    SOURCE_KEY,
    WINDOW_COLUMNS,
    WINDOW_FRAMES,
)

if TYPE_CHECKING:
    import onnx

_BATCH = 64  # audio windows embedded at once
_DIMENSIONS = 1024


class PublishedSyncNet:
    """The network of a file that syncnet_checkpoint wrote.

    A vector belongs to the middle of its five frames: row t of a face is of frames t - 2 .. t + 2, and row t of audio
    is of the 20 columns that begin with frame t - 2. So at lag 0 the window of frames t .. t + 4 is compared with
    columns 4 t .. 4 t + 19, as in the released program. Rows whose window is incomplete are NaN: two at each end of a
    face; of audio two at its beginning and three at its end, because its last frame has only three columns.

    The pixels come from the tube's crops (224 px at most), not from the source. They cover 0.61 to 0.95 of SyncNet's
    crop, about 0.75 on real clips, and always the whole face. The rest, shoulders and a strip at the sides, is filled
    with 110, as the released program fills the area outside the image. The box is that of the mesh; the released
    program takes S3FD's.
    """

    name = "syncnet"
    calibration: Calibration | None = None

    def __init__(self, path: Path) -> None:
        """Read a converted file; UsageError when it is missing or something else."""
        model = _checked_model(path)
        self.sha256 = metadata_of(model)[SOURCE_KEY]  # of the published file that it was converted from
        self._face = part_session(model, [FACE_INPUT], FACE_OUTPUT)
        self._audio = part_session(model, [AUDIO_INPUT], AUDIO_OUTPUT)

    def embed_face(self, tubes: TubeFile, name: str) -> np.ndarray:
        """Vectors float32 (T, 1024), not of unit length: see SyncNetwork."""
        tube = tubes.tube(name)
        batches = [self._face.run(None, {FACE_INPUT: windows})[0] for windows in face_windows(tube)]
        return _at_middles(batches, len(tube.boxes_xyxy))

    def embed_audio(self, samples: np.ndarray) -> np.ndarray:
        """Vectors float32 (S, 1024), not of unit length: see SyncNetwork."""
        batches = [self._audio.run(None, {AUDIO_INPUT: windows})[0] for windows in audio_windows(samples)]
        return _at_middles(batches, len(samples) // SAMPLES_PER_FRAME)

    def similarity(self, face: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Minus the Euclidean distance: see SyncNetwork."""
        return -np.linalg.norm(face - audio, axis=1)


def audio_windows(samples: np.ndarray) -> Iterator[np.ndarray]:
    """The complete windows of int16 samples (640 S,), one per frame, in batches float32 (N <= 64, 1, 13, 20)."""
    if samples.dtype != np.int16 or samples.ndim != 1 or len(samples) % SAMPLES_PER_FRAME:
        raise ValueError(f"audio must be int16 samples (640 S,), not {samples.dtype} {samples.shape}")
    columns = mfcc(samples, "syncnet")
    if columns.shape[1] < WINDOW_COLUMNS:
        return
    windows = sliding_window_view(columns, WINDOW_COLUMNS, axis=1)[:, ::COLUMNS_PER_FRAME].transpose(1, 0, 2)
    for start in range(0, len(windows), _BATCH):
        yield np.ascontiguousarray(windows[start : start + _BATCH, None])


def with_lse(network: object, result: SyncResult | None) -> SyncResult | None:
    """The result with LSE-D (least mean distance) and LSE-C (median less least); unchanged with any other network.

    Both are of the same frames as the curve: those with speech, none of them padded.
    """
    if not isinstance(network, PublishedSyncNet) or result is None:
        return result
    return replace(result, lse_d=-float(np.nanmax(result.curve)), lse_c=result.confidence)


def _at_middles(batches: list[np.ndarray], num_frames: int) -> np.ndarray:
    """Vectors float32 (num_frames, 1024), each at the middle frame of its window; NaN where there is no window."""
    rows = np.full((num_frames, _DIMENSIONS), np.nan, np.float32)
    if batches:
        vectors = np.concatenate(batches)
        rows[WINDOW_FRAMES // 2 :][: len(vectors)] = vectors
    return rows


def _checked_model(path: Path) -> "onnx.ModelProto":
    """ONNX model of a converted file; UsageError when it is none."""
    import onnx
    from google.protobuf.message import DecodeError

    cure = "give the released syncnet_v2.model, or the file that this version converted it to"
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise UsageError(f"--sync syncnet:{path}: the file cannot be read ({error.strerror}); {cure}") from error
    except DecodeError:
        raise UsageError(f"--sync syncnet:{path} is not an ONNX file; {cure}") from None
    if metadata_of(model).get(LAYOUT_KEY) != LAYOUT:
        raise UsageError(f"--sync syncnet:{path} is not a SyncNet that this version converted; {cure}")
    return model

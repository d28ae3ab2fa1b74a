"""An MP4 of faces and their audio, written as both come; its metadata says that it was generated."""

import os
from pathlib import Path
from typing import Self

import av
import cv2
import numpy as np

from schemas.clock import FRAME_RATE, SAMPLE_RATE_HZ
from schemas.errors import StorageError

_AUDIO_BITS_PER_S = 96_000


class TalkingVideo:
    """Writes one file under a temporary name; it gets its own when all went well."""

    def __init__(self, path: Path, size_px: int, comment: str) -> None:
        self._path, self._partial, self._size_px = path, path.with_name(f".{path.name}.part"), size_px
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._partial), "w", format="mp4", options={"movflags": "+faststart"})
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror or error}; choose another --output") from error
        self._container.metadata.update(title="Generated talking face", comment=comment)
        self._images = self._container.add_stream("libx264", rate=FRAME_RATE, options={"crf": "16"})
        self._images.width = self._images.height = size_px
        self._images.pix_fmt = "yuv420p"
        self._audio = self._container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono")
        self._audio.bit_rate = _AUDIO_BITS_PER_S
        self._num_samples = self._num_frames = 0

    def write_audio(self, samples: np.ndarray) -> None:
        """The next int16 (n,) at 16 kHz."""
        frame = av.AudioFrame.from_ndarray((samples[None] / 32768).astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, self._num_samples
        self._num_samples += len(samples)
        self._container.mux(self._audio.encode(frame))

    def write_faces(self, faces_rgb: np.ndarray) -> None:
        """The next RGB uint8 (B, S, S, 3)."""
        for face in faces_rgb:
            size = (self._size_px, self._size_px)
            image = face if face.shape[:2] == size else cv2.resize(face, size, interpolation=cv2.INTER_CUBIC)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts = self._num_frames
            self._num_frames += 1
            self._container.mux(self._images.encode(frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        try:
            if kind is None:
                self._container.mux(self._images.encode(None))
                self._container.mux(self._audio.encode(None))
            self._container.close()
            if kind is None:
                os.replace(self._partial, self._path)
        finally:
            self._partial.unlink(missing_ok=True)

"""An MP4 of faces and audio, written as both arrive; its metadata says what it is."""

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
    """Writes one file under a temporary name, and renames it when everything was written without an error."""

    def __init__(
        self, path: Path, size_px: tuple[int, int], comment: str, title: str = "Generated talking face"
    ) -> None:
        """Open the file; StorageError: it cannot be written. size_px: even numbers. comment, title: metadata."""
        self._path, self._partial, self._size_px = path, path.with_name(f".{path.name}.part"), size_px
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._partial), "w", format="mp4", options={"movflags": "+faststart"})
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror or error}; choose another --output") from error
        self._container.metadata.update(title=title, comment=comment)
        self._images = self._container.add_stream("libx264", rate=FRAME_RATE, options={"crf": "16"})
        self._images.width, self._images.height = size_px
        self._images.pix_fmt = "yuv420p"
        self._audio = self._container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono")
        self._audio.bit_rate = _AUDIO_BITS_PER_S
        self._num_samples = self._num_frames = 0

    def write_audio(self, samples: np.ndarray) -> None:
        """Write the next samples, int16 (n,) at 16 kHz."""
        frame = av.AudioFrame.from_ndarray((samples[None] / 32768).astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, self._num_samples
        self._num_samples += len(samples)
        self._container.mux(self._audio.encode(frame))

    def write_image(self, rgb: np.ndarray) -> None:
        """Write the next image, RGB uint8 (H, W, 3); it is resized where it has another size."""
        fits = rgb.shape[1::-1] == self._size_px
        image = rgb if fits else cv2.resize(rgb, self._size_px, interpolation=cv2.INTER_CUBIC)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame.pts = self._num_frames
        self._num_frames += 1
        self._container.mux(self._images.encode(frame))

    def __enter__(self) -> Self:
        """The open video."""
        return self

    def __exit__(self, error_type: object, *error: object) -> None:
        """Complete and rename the file, or delete it after an error."""
        try:
            if error_type is None:
                self._container.mux(self._images.encode(None))
                self._container.mux(self._audio.encode(None))
            self._container.close()
            if error_type is None:
                os.replace(self._partial, self._path)
        finally:
            self._partial.unlink(missing_ok=True)

"""The 0.35 s of sound that each frame is made from, of sound that streams by: mfcc_windows in pieces."""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from schemas.clock import COLUMNS_PER_FRAME
from speech2vid.drawn_sample import WINDOW_COLUMNS

_NUM_SEEN = 12  # coefficients 1..12: not the loudness


class WindowStream:
    """Windows of every frame of sound that arrives in pieces; beyond its ends the last column is repeated."""

    def __init__(self, target_offset: int) -> None:
        self._target_offset = target_offset
        self._columns: np.ndarray | None = None  # from the next frame's window on
        self._num_frames = 0

    def push(self, columns: np.ndarray) -> np.ndarray:
        """Windows float32 (N >= 0, 12, 35) that these columns (13, n) complete."""
        heard = columns[-_NUM_SEEN:]
        if self._columns is None:
            if heard.shape[1] == 0:
                return _no_windows()
            self._columns = np.repeat(heard[:, :1], self._target_offset, axis=1)
        self._columns = np.concatenate([self._columns, heard], axis=1)
        windows = _windows(self._columns)
        self._columns = self._columns[:, len(windows) * COLUMNS_PER_FRAME:].copy()
        self._num_frames += len(windows)
        return windows

    def close(self, num_frames: int) -> np.ndarray:
        """The windows that are left of `num_frames` in all."""
        left = num_frames - self._num_frames
        if left <= 0 or self._columns is None:
            return _no_windows()
        missing = (left - 1) * COLUMNS_PER_FRAME + WINDOW_COLUMNS - self._columns.shape[1]
        return _windows(np.pad(self._columns, ((0, 0), (0, missing)), mode="edge"))


def _windows(columns: np.ndarray) -> np.ndarray:
    if columns.shape[1] < WINDOW_COLUMNS:
        return _no_windows()
    return sliding_window_view(columns, WINDOW_COLUMNS, axis=1)[:, ::COLUMNS_PER_FRAME].transpose(1, 0, 2)


def _no_windows() -> np.ndarray:
    return np.empty((0, _NUM_SEEN, WINDOW_COLUMNS), np.float32)

"""The mouth shapes of the new audio at any time, as a stream: memory does not grow with the audio's length."""

from collections.abc import Iterable, Iterator

import numpy as np

from schemas.clock import FRAME_RATE


class NewMouth:
    """Mouth shapes between those at 25 a second; times must not go back."""

    def __init__(self, shapes: Iterable[np.ndarray]) -> None:
        """shapes: batches float32 (N, P), one row for each frame at 25 a second, from time 0 on; N may be 0."""
        self._rows: Iterator[np.ndarray] = (row for batch in shapes for row in batch)
        self._before = next(self._rows)
        self._after = next(self._rows, self._before)
        self._number = 0  # of the row `_before`

    def at(self, time_s: float, lasts_s: float) -> np.ndarray:
        """The shape (P,) of what is shown from `time_s` on for `lasts_s`: a row is that of the middle of its frame."""
        place = max(0.0, (time_s + lasts_s / 2) * FRAME_RATE - 0.5)
        while place >= self._number + 1:
            self._before, self._number = self._after, self._number + 1
            self._after = next(self._rows, self._after)
        share = np.float32(place - self._number)
        return self._before * (1 - share) + self._after * share

"""Stalls that a recorder has filled with copies of the last image: these copies are no images of what happened."""

import statistics
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np

_MIN_STALL_FRAMES = 8  # of one image; low rates, and encodings of a still scene, repeat an image for less
_MIN_OVERLONG = 2.5  # times as long as the images before it: from there on an image lasts too long
_OVERLONG_LASTS = 2  # times as long as the images before it: what is left of it
_MAX_USUAL_FRAMES = 5  # of slower images nothing is said: a face cannot be followed in them anyway
_NUM_BEFORE = 11
_MIN_BEFORE = 3  # a photograph that is shown from the begin on is no stall
_COARSE_STEP = 8  # px; where these pixels differ, no others are compared
_SAME_LEVELS = 8  # grey levels by which encoders change a copy (4 to 7, measured); a face that moves: over 100


def without_stalls(images: Iterable[tuple[int, np.ndarray | None]]) -> Iterator[tuple[int, np.ndarray | None]]:
    """The same (timeline frame, image) but for the copies in stalls; ascending.

    A stall is a run of source frames that show the same but for what an encoder changes, and last much longer than
    the images before them, as `schemas.clock.source_frame_of` has it for times.
    """
    run = _Run(None, ())
    lengths: deque[int] = deque(maxlen=_NUM_BEFORE)
    for frame, rgb in images:
        if rgb is not None and run.has(rgb):
            yield from run.shown_of(frame, rgb)
            continue
        yield from run.rest()
        if run.is_image:
            lengths.append(run.length)
        run = _Run(rgb, lengths)
        yield frame, rgb
    yield from run.rest()


class _Run:
    """Timeline frames in a row that show the same image. The first few copies wait until it is known what they are."""

    def __init__(self, rgb: np.ndarray | None, lengths: Sequence[int]) -> None:
        """Begin a run; rgb: None where it could not be decoded. lengths: of the runs before it."""
        self._last, self.length = rgb, 1
        self._waiting: list[tuple[int, np.ndarray]] = []
        self._has_copies = self._is_stall = False  # copies: more than one source frame
        self._usual = statistics.median_low(lengths) if len(lengths) >= _MIN_BEFORE else _MAX_USUAL_FRAMES + 1

    @property
    def is_image(self) -> bool:
        """Whether it shows anything."""
        return self._last is not None

    def has(self, rgb: np.ndarray) -> bool:
        """Whether the image is that of this run."""
        return self._last is not None and _are_equal(self._last, rgb)

    def shown_of(self, frame: int, rgb: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Take the next timeline frame, with the image of this run; the frames of it that are shown for certain."""
        self._has_copies |= rgb is not self._last
        self._last, self.length = rgb, self.length + 1
        if self._usual > _MAX_USUAL_FRAMES:
            yield frame, rgb
        elif not self._is_stall:
            self._waiting.append((frame, rgb))
            self._is_stall = self._has_copies and self.length > max(_MIN_STALL_FRAMES, _MIN_OVERLONG * self._usual)
            if self._is_stall:
                del self._waiting[_OVERLONG_LASTS * self._usual - 1 :]

    def rest(self) -> list[tuple[int, np.ndarray]]:
        """The frames that waited and are shown after all, now that the run has ended."""
        return self._waiting


def _are_equal(first: np.ndarray, second: np.ndarray) -> bool:
    if first is second:
        return True
    step = _COARSE_STEP
    coarse = _max_difference(first[::step, ::step], second[::step, ::step])
    return coarse <= _SAME_LEVELS and _max_difference(first, second) <= _SAME_LEVELS


def _max_difference(first: np.ndarray, second: np.ndarray) -> int:
    return int(cv2.absdiff(np.ascontiguousarray(first), np.ascontiguousarray(second)).max())

"""Which source frame an output shows when, and for how long: the source's own times, and what follows its end."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from schemas.clock import FRAME_RATE
from schemas.media import Timeline

FITS = ("trim", "loop", "hold")
"""trim: the output is as long as the video. loop: longer audio begins the video again. hold: its last frame stays."""


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """One frame of an output."""

    source_frame: int
    ticks: int  # of the source's time base, from the first frame on
    duration_ticks: int


class ShownFrames:
    """The frames of an output, for audio of a certain length."""

    def __init__(self, timeline: Timeline, audio_s: Fraction, fit: str) -> None:
        """fit: one of FITS; it matters only where the audio is longer than the video."""
        self._ticks = timeline.presentation_ticks - timeline.presentation_ticks[0]
        gaps = np.diff(self._ticks)
        self._last_ticks = max(1, int(np.median(gaps))) if len(gaps) else _ticks(Fraction(1, FRAME_RATE), timeline)
        self._durations = np.append(gaps, self._last_ticks)
        self._num_ticks, self._fit = int(self._durations.sum()), fit
        self._time_base = timeline.time_base
        self._end_ticks = self._num_ticks if fit == "trim" else max(self._num_ticks, _ticks(audio_s, timeline))

    @property
    def video_s(self) -> Fraction:
        """Length of the video, seconds."""
        return self._num_ticks * self._time_base

    @property
    def length_s(self) -> Fraction:
        """Length of the output, seconds."""
        return self._end_ticks * self._time_base

    def __iter__(self) -> Iterator[ShownFrame]:
        """The frames by time."""
        start = 0
        while start < self._end_ticks:
            for frame, (ticks, duration) in enumerate(zip(self._ticks.tolist(), self._durations.tolist(), strict=True)):
                if start + ticks >= self._end_ticks:
                    return
                yield ShownFrame(frame, start + ticks, duration)
            start += self._num_ticks
            if self._fit == "hold":
                for ticks in range(start, self._end_ticks, self._last_ticks):
                    yield ShownFrame(len(self._ticks) - 1, ticks, self._last_ticks)
                return


def _ticks(seconds: Fraction, timeline: Timeline) -> int:
    return max(1, round(seconds / timeline.time_base))

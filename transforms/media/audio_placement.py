"""Where decoded audio frames lie on the timeline: runs without a gap, in which samples are counted."""

from fractions import Fraction

import av

_JUMP_S = Fraction(15, 1000)  # a larger step in the presentation times is a gap or an overlap
_DRIFT_S = Fraction(5, 1000)  # so is a larger mean step; a smaller one is rounding (Matroska stores milliseconds)
_MEAN_OVER_FRAMES = 8


class Placement:
    """Finds runs of frames without a gap. Within a run samples are counted, so that nothing drifts."""

    def __init__(self, zero_s: Fraction) -> None:
        """Begin a stream; zero_s: the timeline's zero on the container's clock."""
        self._zero_s = zero_s
        self._next_s: Fraction | None = None  # where the next frame begins if there is no gap; None: unknown
        self._mean_step_s = Fraction(0)
        self._layout: tuple[int, str, str] | None = None  # sample rate, channel layout and sample format of the run

    def forget(self) -> None:
        """Begin a new run with the next frame."""
        self._layout = None

    def run_start_s(self, frame: "av.AudioFrame") -> Fraction | None:
        """Where the run that begins with this frame lies, seconds after zero; None: the frame continues its run.

        Call it once for each frame: it counts the samples.
        """
        stated_s, next_s = self._stated_s(frame), self._next_s
        layout = (frame.sample_rate, frame.layout.name, frame.format.name)
        begins_run = layout != self._layout or next_s is None or self._has_jumped(stated_s, next_s)
        start_s = next_s or Fraction(0)  # of a frame without a time: where the one before it ended
        if begins_run:
            start_s = start_s if stated_s is None else stated_s
            self._mean_step_s, self._layout = Fraction(0), layout
        self._next_s = start_s + Fraction(frame.samples, frame.sample_rate)
        return start_s if begins_run else None

    def _stated_s(self, frame: "av.AudioFrame") -> Fraction | None:
        if frame.pts is None or frame.time_base is None:
            return None
        return frame.pts * frame.time_base - self._zero_s

    def _has_jumped(self, stated_s: Fraction | None, next_s: Fraction) -> bool:
        """Whether the stated time differs from the counted one by a gap or an overlap."""
        if stated_s is None:
            return False
        step_s = stated_s - next_s
        self._mean_step_s += Fraction(round((step_s - self._mean_step_s) / _MEAN_OVER_FRAMES * 10**9), 10**9)
        return abs(step_s) > _JUMP_S or abs(self._mean_step_s) > _DRIFT_S

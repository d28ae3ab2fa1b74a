"""Where decoded audio frames lie on the timeline: runs without a gap, in which samples are counted."""

from fractions import Fraction

import av

_JUMP_S = 0.015 + 1e-9  # a larger step in the presentation times is a gap or an overlap
_DRIFT_S = 0.005 + 1e-9  # so is a larger mean step; a smaller one is rounding (Matroska stores milliseconds)
_MEAN_OVER_FRAMES = 8


class Placement:
    """Finds runs of frames without a gap. Within a run samples are counted, so that nothing drifts.

    Where a run begins is exact; steps are floats, because there is one for each frame.
    """

    def __init__(self, zero_s: Fraction) -> None:
        """Begin a stream; zero_s: the timeline's zero on the container's clock."""
        self._zero_s = zero_s
        self._layout: tuple[int, str, str] | None = None  # sample rate, channel layout and sample format of the run
        self._run_s: Fraction | None = None  # where the run begins; None: unknown
        self._num_samples, self._rate = 0, 1  # of the run, so far; its rate
        self._mean_step_s = 0.0

    def forget(self) -> None:
        """Begin a new run with the next frame."""
        self._layout = None

    def run_start_s(self, frame: "av.AudioFrame") -> Fraction | None:
        """Where the run that begins with this frame lies, seconds after zero; None: the frame continues its run.

        Call it once for each frame: it counts the samples.
        """
        layout = (frame.sample_rate, frame.layout.name, frame.format.name)
        begins_run = layout != self._layout or self._has_jumped(frame)
        if begins_run:
            self._run_s, self._num_samples = self._begin_s(frame), 0
            self._mean_step_s, self._layout = 0.0, layout
            self._rate = frame.sample_rate
        self._num_samples += frame.samples
        return self._run_s if begins_run else None

    def _begin_s(self, frame: "av.AudioFrame") -> Fraction:
        """The stated time; of a frame without one, where the frame before it ended."""
        if frame.pts is not None and frame.time_base is not None:
            return frame.pts * frame.time_base - self._zero_s
        return Fraction(0) if self._run_s is None else self._run_s + Fraction(self._num_samples, self._rate)

    def _has_jumped(self, frame: "av.AudioFrame") -> bool:
        """Whether the stated time differs from the counted one by a gap or an overlap."""
        if frame.pts is None or frame.time_base is None:
            return False
        assert self._run_s is not None  # the run has begun
        stated_s = frame.pts * float(frame.time_base) - float(self._zero_s)
        step_s = stated_s - (float(self._run_s) + self._num_samples / self._rate)
        self._mean_step_s += (step_s - self._mean_step_s) / _MEAN_OVER_FRAMES
        return abs(step_s) > _JUMP_S or abs(self._mean_step_s) > _DRIFT_S

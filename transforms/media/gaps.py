"""How much of a timeline has no image, and how long its clock may run."""

import dataclasses

from schemas.clock import image_gaps, num_timeline_frames, source_frame_of, timeline_parts
from schemas.errors import LimitExceeded
from schemas.media import Timeline, VideoStream

_MAX_CLOCK_H = 48.0
"""Longest clock of a source, jumps included: arrays and audio are as long as it is. A clock of 33 bits jumps by 26.5 h
at most."""


def check_clock(path: str, seconds: float) -> None:
    """LimitExceeded where the clock of a file runs for longer than any recording's, jumps included."""
    if not 0 <= seconds <= _MAX_CLOCK_H * 3600:
        raise LimitExceeded(
            f"{path!r} has times that are {seconds / 3600:.1f} h apart; expected at most {_MAX_CLOCK_H:g} h with all "
            "jumps of its clock: remux it, or cut it where the clock jumps"
        )


def clock_s(timeline: Timeline) -> float:
    """Seconds from the first image to the last one."""
    ticks = timeline.presentation_ticks
    return float((int(ticks[-1]) - int(ticks[0])) * timeline.time_base)


def with_gaps(video: VideoStream, timeline: Timeline) -> VideoStream:
    """The stream with the gaps and parts of its timeline."""
    ticks, time_base = timeline.presentation_ticks, timeline.time_base
    shown = source_frame_of(ticks, time_base, num_timeline_frames(ticks, time_base))
    return dataclasses.replace(
        video, gap_frames=sum(end - first for first, end in image_gaps(shown)), num_parts=len(timeline_parts(shown))
    )

"""The staging file of a timeline: .npz with presentation_ticks int64 (N,) and key_frames bool (N,)."""

import io
from fractions import Fraction

import numpy as np

from schemas.media import Timeline


def timeline_bytes(timeline: Timeline) -> bytes:
    """Content of the file. The time base is not in it: it is in the probe's VideoStream."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, presentation_ticks=timeline.presentation_ticks, key_frames=timeline.key_frames)
    return buffer.getvalue()


def timeline_from_bytes(content: bytes, time_base: Fraction) -> Timeline:
    """Timeline of a file's content."""
    with np.load(io.BytesIO(content)) as arrays:
        return Timeline(
            presentation_ticks=arrays["presentation_ticks"], key_frames=arrays["key_frames"], time_base=time_base
        )

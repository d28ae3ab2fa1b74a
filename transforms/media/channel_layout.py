"""Channel layouts of audio streams, read so that PyAV frees none of them twice.

PyAV's AudioLayout copies FFmpeg's AVChannelLayout with its pointers and frees what they point to, which the stream or
frame frees as well. Only layouts of a custom order have such a pointer: the process aborts, or dies later (PyAV 18.1).
"""

import ctypes
import itertools
from functools import cache

import av

_MAX_CHANNEL_BITS = 63


def settle_layout(stream: "av.AudioStream") -> int:
    """Number of channels of a stream that is not decoded yet; a custom order of them becomes a plain one first."""
    context = stream.codec_context
    if context is None:
        return 0
    layout = context.layout
    keep_for_good(layout)
    if layout.nb_channels and not context.is_open:
        context.layout = _plain_name(layout)
    return layout.nb_channels


def keep_layout(frame: "av.AudioFrame") -> None:
    """Keep a decoded frame's layout from being freed, where a decoder made one of a custom order."""
    if "(" in frame.layout.name:
        keep_for_good(frame.layout)


def keep_for_good(layout: "av.AudioLayout") -> None:
    """Add a reference that is never given back: some bytes are lost, and nothing is freed twice."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))


def _plain_name(layout: "av.AudioLayout") -> str:
    """The same layout without a custom order: by name, by the bits of its channels, else by their number only."""
    name = layout.name
    if "(" not in name:
        return name
    bits = [_channel_bits().get(channel.name, -1) for channel in layout.channels]
    if bits[0] >= 0 and all(first < second for first, second in itertools.pairwise(bits)):
        return hex(sum(1 << bit for bit in bits))
    return f"{layout.nb_channels}C"


@cache
def _channel_bits() -> dict[str, int]:
    """Name of a channel -> its bit in FFmpeg's native order."""
    bits: dict[str, int] = {}
    for bit in range(_MAX_CHANNEL_BITS):
        channel = av.AudioLayout(hex(1 << bit)).channels[0]
        bits.setdefault(channel.name, bit)
    return bits

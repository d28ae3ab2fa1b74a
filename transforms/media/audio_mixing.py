"""Decoded audio frames as 16 kHz samples: one channel, mixed as asked, or all channels side by side."""

from typing import Protocol

import av
import numpy as np

from schemas.clock import SAMPLE_RATE_HZ
from schemas.media import ChannelMix


class Mixer(Protocol):
    """Converts the frames of one run, all of one rate, layout and sample format."""

    def push(self, frame: "av.AudioFrame | None") -> list[np.ndarray]:
        """Blocks int16 (n, ...) that are ready; None: no frame follows, hand out what is held back."""


class MonoMixer:
    """Mixes down to one channel: blocks int16 (n,)."""

    def __init__(self, mix: ChannelMix) -> None:
        """Make nothing yet: the first frame decides."""
        self._mix = mix
        self._resampler: av.AudioResampler | None = None
        self._pan: _Pan | None = None

    def push(self, frame: "av.AudioFrame | None") -> list[np.ndarray]:
        """See Mixer."""
        if self._resampler is None and frame is not None:
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
            channels = _mixed_channels(frame.layout, self._mix)
            self._pan = _Pan(frame, channels) if channels else None
        if self._resampler is None:
            return []
        frames = [frame] if self._pan is None else self._pan.push(frame)
        mixed = [one for source in frames for one in self._resampler.resample(source)]
        return [one.to_ndarray().reshape(-1) for one in mixed]


class ChannelMixer:
    """Keeps all channels apart: blocks int16 (n, channels)."""

    def __init__(self) -> None:
        """Make nothing yet: the first frame decides."""
        self._resampler = av.AudioResampler(format="s16", rate=SAMPLE_RATE_HZ)
        self._num_channels = 0

    def push(self, frame: "av.AudioFrame | None") -> list[np.ndarray]:
        """See Mixer."""
        if frame is not None:
            self._num_channels = frame.layout.nb_channels
        elif not self._num_channels:
            return []
        # PyAV gives nine planes to a planar frame of eight channels and reads past the last (18.1): so packed ones.
        return [one.to_ndarray().reshape(-1, self._num_channels) for one in self._resampler.resample(frame)]


class _Pan:
    """FFmpeg's `pan`: the mean of some channels, as frames of one channel."""

    def __init__(self, frame: "av.AudioFrame", channels: tuple[int, ...]) -> None:
        terms = "+".join(f"{1 / len(channels):.6f}*c{channel}" for channel in channels)
        self._graph = av.filter.Graph()
        source = self._graph.add_abuffer(
            sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name, time_base=frame.time_base
        )
        self._graph.link_nodes(
            source, self._graph.add("pan", f"mono|c0={terms}"), self._graph.add("abuffersink")
        ).configure()

    def push(self, frame: "av.AudioFrame | None") -> "list[av.AudioFrame | None]":
        """Frames that are ready; at the end, None behind them."""
        self._graph.push(frame)
        frames: list[av.AudioFrame | None] = []
        while True:
            try:
                one = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return frames if frame is not None else [*frames, None]
            assert isinstance(one, av.AudioFrame)
            one.pts = None  # otherwise the resampler would correct for the times too
            frames.append(one)


def _mixed_channels(layout: "av.AudioLayout", mix: ChannelMix) -> tuple[int, ...]:
    """Channels whose mean is taken; (): all of them, as FFmpeg mixes channels whose places it knows."""
    wanted = tuple(channel for channel in mix.channels if channel < layout.nb_channels)
    is_unordered = layout.nb_channels > 2 and layout.name.endswith(" channels")
    return wanted or (tuple(range(layout.nb_channels)) if is_unordered else ())

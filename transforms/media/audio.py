"""Audio as 16 kHz mono on the video's timeline, by its own presentation times; and the FLAC that it is stored in."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
import soundfile

from schemas.clock import SAMPLE_RATE_HZ
from transforms.media.container import audio_stream_at, open_media
from transforms.media.video_packets import packets_of

_JUMP_S = Fraction(15, 1000)  # a larger step in the presentation times is a gap or an overlap
_DRIFT_S = Fraction(5, 1000)  # so is a larger mean step; a smaller one is rounding (Matroska stores milliseconds)
_MEAN_OVER_FRAMES = 8
_ZEROS = SAMPLE_RATE_HZ  # samples in a block of silence


def decode_audio(path: str, stream_index: int, zero_s: Fraction, num_samples: int) -> Iterator[np.ndarray]:
    """Blocks int16 (n,), `num_samples` in all; sample k is the audio at k / 16000 s after `zero_s`.

    Zeros stand before the stream's begin and after its end, in its gaps, and where packets do not decode. Channels are
    mixed down by swresample. `zero_s` is on the container's clock.
    """
    done = 0
    for start, block in _placed_blocks(path, stream_index, zero_s):
        yield from _zeros(min(start, num_samples) - done)
        done = max(done, min(start, num_samples))
        block = block[max(0, done - start) : num_samples - start] if start < num_samples else block[:0]
        if len(block):
            yield block
            done += len(block)
        if done >= num_samples:
            return
    yield from _zeros(num_samples - done)


def flac_writer(path: str) -> soundfile.SoundFile:
    """A new 16 kHz, 16-bit mono FLAC; its `write` takes int16 blocks, and the caller closes it."""
    return soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, subtype="PCM_16", format="FLAC")


def write_flac(path: str, blocks: Iterable[np.ndarray]) -> int:
    """Write int16 blocks as FLAC; returns the number of samples."""
    num_samples = 0
    with flac_writer(path) as flac:
        for block in blocks:
            flac.write(block)
            num_samples += len(block)
    return num_samples


def read_audio_span(flac_path: str, start_sample: int, end_sample: int) -> np.ndarray:
    """Samples int16 (end - start,) of a 16 kHz mono file, with zeros before its begin and after its end."""
    samples = np.zeros(end_sample - start_sample, np.int16)
    with soundfile.SoundFile(flac_path) as flac:
        first, last = max(0, start_sample), min(len(flac), end_sample)
        if first < last:
            flac.seek(first)
            samples[first - start_sample : last - start_sample] = flac.read(last - first, dtype="int16")
    return samples


def _placed_blocks(path: str, stream_index: int, zero_s: Fraction) -> Iterator[tuple[int, np.ndarray]]:
    """(first sample on the timeline, int16 block), ascending; a block may begin before zero or overlap the last one."""
    placement = _Placement(zero_s)
    resampler: av.AudioResampler | None = None
    position = 0
    with open_media(path) as container:
        for frame in _frames(container, audio_stream_at(container, stream_index)):
            if frame is None:  # a damaged packet: the next frame is placed by its own time
                placement.forget()
                continue
            is_discontinuous = placement.is_discontinuous(frame)
            if resampler is None or is_discontinuous:
                yield from _flushed(resampler, position)
                resampler, position = _resampler(), round(placement.start_s(frame) * SAMPLE_RATE_HZ)
            frame.pts = None  # otherwise the resampler would correct for the times too
            for block in _samples(resampler.resample(frame)):
                yield position, block
                position += len(block)
        yield from _flushed(resampler, position)


class _Placement:
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

    def is_discontinuous(self, frame: "av.AudioFrame") -> bool:
        """Whether a new run begins with this frame. Call it once for each frame: it counts the samples."""
        stated_s, next_s = self._stated_s(frame), self._next_s
        layout = (frame.sample_rate, frame.layout.name, frame.format.name)
        begins_run = layout != self._layout or next_s is None or self._has_jumped(stated_s, next_s)
        if next_s is None or begins_run:
            next_s = self.start_s(frame)
            self._mean_step_s, self._layout = Fraction(0), layout
        self._next_s = next_s + Fraction(frame.samples, frame.sample_rate)
        return begins_run

    def start_s(self, frame: "av.AudioFrame") -> Fraction:
        """Where this frame, the first of its run, begins: seconds after zero."""
        stated_s = self._stated_s(frame)
        return stated_s if stated_s is not None else self._next_s or Fraction(0)

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


def _frames(container: "av.container.InputContainer", stream: "av.AudioStream") -> Iterator["av.AudioFrame | None"]:
    """Decoded frames; None for each packet that does not decode."""
    if stream.codec_context.name == "flac":  # its checksums are compared only on request
        stream.codec_context.options = {"err_detect": "crccheck+explode"}
    for packet in packets_of(container, stream):
        try:
            frames = stream.codec_context.decode(packet)
        except av.error.FFmpegError:
            yield None
            continue
        for frame in frames:
            yield None if frame.is_corrupt else frame
    yield from stream.codec_context.decode(None)


def _resampler() -> "av.AudioResampler":
    return av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)


def _flushed(resampler: "av.AudioResampler | None", position: int) -> Iterator[tuple[int, np.ndarray]]:
    """The samples that the resampler still holds, from `position` on."""
    """The samples that the resampler still holds, from `position` on."""
    for block in _samples(resampler.resample(None)) if resampler is not None else ():
        yield position, block
        position += len(block)


def _samples(frames: list["av.AudioFrame"]) -> Iterator[np.ndarray]:
    for frame in frames:
        yield frame.to_ndarray().reshape(-1)


def _zeros(count: int) -> Iterator[np.ndarray]:
    for start in range(0, count, _ZEROS):
        yield np.zeros(min(_ZEROS, count - start), np.int16)

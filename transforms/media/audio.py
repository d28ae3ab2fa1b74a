"""Sound as 16 kHz mono on the picture's timeline, placed by its own presentation times; and the FLAC it is stored in."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
import soundfile

from schemas.clock import SAMPLE_RATE_HZ
from transforms.media.container import open_media
from transforms.media.video_packets import packets_of

_JUMP_S = Fraction(15, 1000)  # a step in the times above this is a gap or an overlap
_DRIFT_S = Fraction(5, 1000)  # a mean step above this is one too; below it is rounding (Matroska keeps milliseconds)
_MEAN_OVER_FRAMES = 8
_ZEROS = SAMPLE_RATE_HZ  # samples in a block of silence


def decode_audio(path: str, stream_index: int, zero_s: Fraction, num_samples: int) -> Iterator[np.ndarray]:
    """Blocks int16 (n,), together `num_samples`; sample k is what sounds at k / 16000 s after `zero_s`.

    Before the stream begins, in its gaps, where packets do not decode and after its end: zeros. Channels are mixed
    down by swresample. `zero_s` is on the container's clock.
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
    """A new 16 kHz, 16-bit mono FLAC, to be closed; `write` takes int16 blocks."""
    return soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, subtype="PCM_16", format="FLAC")


def write_flac(path: str, blocks: Iterable[np.ndarray]) -> int:
    """Write int16 blocks as FLAC; the number of samples."""
    num_samples = 0
    with flac_writer(path) as flac:
        for block in blocks:
            flac.write(block)
            num_samples += len(block)
    return num_samples


def read_audio_span(flac_path: str, start_sample: int, end_sample: int) -> np.ndarray:
    """Samples int16 (end - start,) of a 16 kHz mono file; zeros before its begin and after its end."""
    samples = np.zeros(end_sample - start_sample, np.int16)
    with soundfile.SoundFile(flac_path) as flac:
        first, last = max(0, start_sample), min(len(flac), end_sample)
        if first < last:
            flac.seek(first)
            samples[first - start_sample : last - start_sample] = flac.read(last - first, dtype="int16")
    return samples


def _placed_blocks(path: str, stream_index: int, zero_s: Fraction) -> Iterator[tuple[int, np.ndarray]]:
    """(first sample on the timeline, int16 block), ascending; may begin before zero and overlap what came before."""
    placement = _Placement(zero_s)
    resampler, position = None, 0
    with open_media(path) as container:
        for frame in _frames(container, container.streams[stream_index]):
            if frame is None:  # a damaged packet: what follows is placed by its own time
                placement.forget()
                continue
            if placement.is_discontinuous(frame):
                yield from _flushed(resampler, position)
                resampler, position = _resampler(), round(placement.start_s(frame) * SAMPLE_RATE_HZ)
            frame.pts = None  # the resampler shall not judge the times again
            for block in _samples(resampler.resample(frame)):
                yield position, block
                position += len(block)
        yield from _flushed(resampler, position)


class _Placement:
    """Decides where a run of frames without a gap begins: within it samples are counted, so nothing drifts."""

    def __init__(self, zero_s: Fraction):
        self._zero_s = zero_s
        self._next_s: Fraction | None = None  # where the next frame begins if there is no gap; None: unknown
        self._mean_step_s = Fraction(0)
        self._layout: tuple = ()

    def forget(self) -> None:
        """The next frame begins anew."""
        self._layout = ()

    def is_discontinuous(self, frame: "av.AudioFrame") -> bool:
        """Whether a new run begins with this frame; counts its samples."""
        stated_s = self._stated_s(frame)
        layout = (frame.sample_rate, frame.layout.name, frame.format.name)
        anew = layout != self._layout or self._has_jumped(stated_s)
        if anew:
            self._next_s = self.start_s(frame)
            self._mean_step_s, self._layout = Fraction(0), layout
        self._next_s += Fraction(frame.samples, frame.sample_rate)
        return anew

    def start_s(self, frame: "av.AudioFrame") -> Fraction:
        """Where this frame, the first of its run, begins after zero."""
        stated_s = self._stated_s(frame)
        return stated_s if stated_s is not None else self._next_s or Fraction(0)

    def _stated_s(self, frame: "av.AudioFrame") -> Fraction | None:
        return None if frame.pts is None else frame.pts * frame.time_base - self._zero_s

    def _has_jumped(self, stated_s: Fraction | None) -> bool:
        if stated_s is None:
            return False
        step_s = stated_s - self._next_s
        self._mean_step_s += Fraction(round((step_s - self._mean_step_s) / _MEAN_OVER_FRAMES * 10**9), 10**9)
        return abs(step_s) > _JUMP_S or abs(self._mean_step_s) > _DRIFT_S


def _frames(container: "av.container.InputContainer", stream: "av.AudioStream") -> Iterator["av.AudioFrame | None"]:
    """Decoded frames; None for each packet that does not decode."""
    if stream.codec_context.name == "flac":  # it carries a checksum, which is looked at only when asked for
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
    for block in _samples(resampler.resample(None)) if resampler is not None else ():
        yield position, block
        position += len(block)


def _samples(frames: list["av.AudioFrame"]) -> Iterator[np.ndarray]:
    for frame in frames:
        yield frame.to_ndarray().reshape(-1)


def _zeros(count: int) -> Iterator[np.ndarray]:
    for start in range(0, count, _ZEROS):
        yield np.zeros(min(_ZEROS, count - start), np.int16)

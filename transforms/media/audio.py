"""Audio as 16 kHz mono on the video's timeline, by its own presentation times; and the FLAC that it is stored in."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

import av
import numpy as np
import soundfile

from schemas.clock import SAMPLE_RATE_HZ
from schemas.media import ALL_CHANNELS, ChannelMix
from transforms.media.audio_mixing import ChannelMixer, Mixer, MonoMixer
from transforms.media.audio_placement import Placement
from transforms.media.channel_layout import keep_layout, settle_layout
from transforms.media.container import audio_stream_at, open_media, require_decoder
from transforms.media.encryption import require_clear
from transforms.media.video_packets import packets_of

_MARGIN = SAMPLE_RATE_HZ // 8  # samples decoded around a part: a decoder is not settled at its first packet
_ZEROS = SAMPLE_RATE_HZ  # samples in a block of silence


def decode_audio(
    path: str, stream_index: int, zero_s: Fraction, num_samples: int, mix: ChannelMix = ALL_CHANNELS
) -> Iterator[np.ndarray]:
    """Blocks int16 (n,), `num_samples` in all; sample k is the audio at k / 16000 s after `zero_s`.

    Zeros stand before the stream's begin and after its end, in its gaps, and where packets do not decode. `zero_s` is
    on the container's clock; `mix` says how channels, and streams, become one.
    """
    indices = (stream_index, *mix.other_streams)
    streams = [_decode_stream(path, index, zero_s, num_samples, mix) for index in indices]
    return streams[0] if len(streams) == 1 else _mean(streams)


def _decode_stream(
    path: str, stream_index: int, zero_s: Fraction, num_samples: int, mix: ChannelMix
) -> Iterator[np.ndarray]:
    done = 0
    for start, block in _placed_blocks(path, stream_index, zero_s, lambda: MonoMixer(mix)):
        yield from _zeros(min(start, num_samples) - done)
        done = max(done, min(start, num_samples))
        block = block[max(0, done - start) : num_samples - start] if start < num_samples else block[:0]
        if len(block):
            yield block
            done += len(block)
        if done >= num_samples:
            return
    yield from _zeros(num_samples - done)


def _mean(streams: list[Iterator[np.ndarray]]) -> Iterator[np.ndarray]:
    """The mean of streams of equal length, whose blocks may have other lengths."""
    blocks = [np.zeros(0, np.int16)] * len(streams)
    while True:
        blocks = [block if len(block) else next(one, block) for one, block in zip(streams, blocks, strict=True)]
        count = min(len(block) for block in blocks)
        if not count:
            return
        yield np.mean([block[:count] for block in blocks], axis=0).astype(np.int16)
        blocks = [block[count:] for block in blocks]


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


def decode_spans(
    path: str, stream_index: int, zero_s: Fraction, spans: Sequence[tuple[int, int]], num_channels: int
) -> list[np.ndarray]:
    """Some parts of a stream, with all channels apart: int16 (channels, n) for each span of samples at 16 kHz.

    Spans ascend. Zeros stand where nothing decodes, and where a stream has another number of channels for a while.
    """
    parts = [np.zeros((end - start, num_channels), np.int16) for start, end in spans]

    def is_wanted(begin_s: float, end_s: float) -> bool:
        first, last = begin_s * SAMPLE_RATE_HZ, end_s * SAMPLE_RATE_HZ
        return any(first < end + _MARGIN and start - _MARGIN < last for start, end in spans)

    for position, block in _placed_blocks(path, stream_index, zero_s, ChannelMixer, is_wanted):
        for (start, end), part in zip(spans, parts, strict=True):
            first, last = max(start, position), min(end, position + len(block))
            if first < last and block.shape[1] == num_channels:
                part[first - start : last - start] = block[first - position : last - position]
        if position > spans[-1][1]:
            break
    return [part.T for part in parts]


def _placed_blocks(
    path: str,
    stream_index: int,
    zero_s: Fraction,
    new_mixer: Callable[[], Mixer],
    is_wanted: Callable[[float, float], bool] | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """(first sample on the timeline, int16 block), ascending; a block may begin before zero or overlap the last one.

    is_wanted: of the begin and end of a packet, seconds after zero; the others are not decoded.
    """
    placement = Placement(zero_s)
    mixer = new_mixer()
    position = 0
    with open_media(path) as container:
        for frame in decoded_audio(container, audio_stream_at(container, stream_index), zero_s, is_wanted):
            if frame is None:  # a damaged packet: the next frame is placed by its own time
                placement.forget()
                continue
            start_s = placement.run_start_s(frame)
            if start_s is not None:
                for block in mixer.push(None):
                    yield position, block
                    position += len(block)
                mixer, position = new_mixer(), round(start_s * SAMPLE_RATE_HZ)
            frame.pts = None  # otherwise the resampler would correct for the times too
            for block in mixer.push(frame):
                yield position, block
                position += len(block)
        for block in mixer.push(None):
            yield position, block
            position += len(block)


def decoded_audio(
    container: "av.container.InputContainer",
    stream: "av.AudioStream",
    zero_s: Fraction,
    is_wanted: Callable[[float, float], bool] | None = None,
) -> Iterator["av.AudioFrame | None"]:
    """Decoded frames; None for each packet that does not decode, and where packets are left out."""
    require_clear(container, stream)
    require_decoder(container, stream)
    settle_layout(stream)
    if stream.codec_context.name == "flac":  # its checksums are compared only on request
        stream.codec_context.options = {"err_detect": "crccheck+explode"}
    tick_s, start_s = float(stream.time_base or 0), float(zero_s)
    for packet in packets_of(container, stream):
        if is_wanted is not None and not is_wanted(*_span_s(packet, tick_s, start_s)):
            yield None
            continue
        yield from _decoded(stream, packet)
    yield from _decoded(stream, None)


def _decoded(stream: "av.AudioStream", packet: "av.Packet | None") -> Iterator["av.AudioFrame | None"]:
    try:
        frames = stream.codec_context.decode(packet)
    except av.error.FFmpegError:
        yield None
        return
    for frame in frames:
        keep_layout(frame)
        yield None if frame.is_corrupt else frame


def _span_s(packet: "av.Packet", tick_s: float, zero_s: float) -> tuple[float, float]:
    """Begin and end of a packet, seconds after zero; the begin alone where its length is not stated."""
    if packet.pts is None or not tick_s:
        return -math.inf, math.inf  # it may lie anywhere
    begin_s = packet.pts * tick_s - zero_s
    return begin_s, begin_s + (packet.duration or 0) * tick_s


def _zeros(count: int) -> Iterator[np.ndarray]:
    for start in range(0, count, _ZEROS):
        yield np.zeros(min(_ZEROS, count - start), np.int16)

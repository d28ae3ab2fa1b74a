"""The features of any media file's audio."""

from fractions import Fraction

import numpy as np

from schemas.clock import SAMPLE_RATE_HZ
from schemas.errors import MissingStream
from transforms.media.audio import decode_audio
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.mfcc import MfccStream
from transforms.media.probe import open_media, probe_media
from transforms.media.video_packets import packets_of


def mfcc_of_file(path: str, preset: str, sound_stream: int = -1) -> np.ndarray:
    """The literal preset on the file's audio, 16 kHz mono, to its end: float32 (13, N), 100 columns a second.

    Column 0 begins at the first image, without moving image at the sound's first sample. Constant memory but for
    the columns. sound_stream: container index, -1: the default stream, else the first. Raises UsageError for an unknown
    preset, MediaError for what cannot be read or has no audio.
    """
    stream = MfccStream(preset)
    probe, timeline = probe_media(path, LimitsConfig(), AudioConfig(stream=sound_stream))
    if probe.audio_index < 0:
        raise MissingStream(f"{path!r} has no audio; expected a file with an audio stream")
    stream_index = probe.sounds[probe.audio_index].index
    start_s, end_s = audio_span_s(path, stream_index)
    zero_s = start_s if timeline is None else timeline.zero_s
    num_samples = max(0, int((end_s - zero_s) * SAMPLE_RATE_HZ))
    columns = [stream.push(block) for block in decode_audio(path, stream_index, zero_s, num_samples)]
    return np.concatenate([*columns, stream.close()], axis=1)


def audio_span_s(path: str, stream_index: int) -> tuple[Fraction, Fraction]:
    """Begin and end of an audio stream on the container's clock, by its packets: headers may guess the length."""
    with open_media(path) as container:
        stream = container.streams[stream_index]
        spans = [
            (packet.pts, packet.pts + (packet.duration or 0))
            for packet in packets_of(container, stream)
            if packet.pts is not None
        ]
        if not spans:
            raise MissingStream(f"{path!r} has an audio stream without audio; expected packets with presentation times")
        start = spans[0][0] if stream.start_time is None else stream.start_time
        return start * stream.time_base, max(end for _, end in spans) * stream.time_base

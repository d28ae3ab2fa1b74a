"""MFCC of any media file's audio."""

from fractions import Fraction

import numpy as np

from schemas.clock import SAMPLE_RATE_HZ
from schemas.errors import MissingStream
from schemas.media import MediaProbe, Timeline
from transforms.media.audio import decode_audio
from transforms.media.audio_choice import choose_audio
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.container import audio_stream_at, open_media, time_base_of
from transforms.media.gaps import check_clock
from transforms.media.mfcc import MfccStream
from transforms.media.probe import probe_media
from transforms.media.video_packets import packets_of


def mfcc_of_file(path: str, preset: str, audio_stream: int = -1) -> np.ndarray:
    """MFCC of the whole audio of a file by a literal preset: float32 (13, N), 100 columns a second.

    Column 0 begins at the first frame of the video; without video, at the first audio sample. Memory is constant but
    for the columns. audio_stream: container index; -1: the default stream, of several one with speech. Channels are
    mixed as in a build. UsageError: the preset is unknown; MediaError: the file cannot be read or has no audio.
    """
    stream = MfccStream(preset)
    probe, timeline = probe_voice(path, AudioConfig(stream=audio_stream))
    audio = probe.used_audio
    if audio is None:
        raise MissingStream(f"{path!r} has no audio; expected a file with an audio stream")
    start_s, end_s = audio_span_s(path, audio.index)
    zero_s = start_s if timeline is None else timeline.zero_s
    num_samples = max(0, int((end_s - zero_s) * SAMPLE_RATE_HZ))
    blocks = decode_audio(path, audio.index, zero_s, num_samples, probe.audio_mix)
    return np.concatenate([*(stream.push(block) for block in blocks), stream.close()], axis=1)


def probe_voice(path: str, audio: AudioConfig) -> tuple[MediaProbe, Timeline | None]:
    """Probe a file for its audio alone, choosing stream and channels that hold voice as a build does."""
    probe, timeline = probe_media(path, LimitsConfig(), audio)
    if probe.used_audio is None:
        return probe, timeline
    start_s, end_s = audio_span_s(path, probe.used_audio.index)
    zero_s = start_s if timeline is None else timeline.zero_s
    return choose_audio(path, probe, audio, zero_s, int((end_s - zero_s) * SAMPLE_RATE_HZ)), timeline


def audio_span_s(path: str, stream_index: int) -> tuple[Fraction, Fraction]:
    """Begin and end of an audio stream on the container's clock, from its packets, for headers may guess the length.

    LimitExceeded: the clock jumps by days.
    """
    with open_media(path) as container:
        stream = audio_stream_at(container, stream_index)
        spans = [
            (packet.pts, packet.pts + (packet.duration or 0))
            for packet in packets_of(container, stream)
            if packet.pts is not None
        ]
        if not spans:
            raise MissingStream(f"{path!r} has an audio stream without audio; expected packets with presentation times")
        start = spans[0][0] if stream.start_time is None else stream.start_time
        time_base = time_base_of(container, stream)
        start_s, end_s = start * time_base, max(end for _, end in spans) * time_base
        check_clock(path, float(end_s - min(start_s, end_s)))
        return start_s, end_s

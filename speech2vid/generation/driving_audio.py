"""The driving audio, which the generated face says: of any media file, in blocks, as 16 kHz mono."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from schemas.errors import MissingStream, UsageError
from schemas.media import ALL_CHANNELS, ChannelMix
from transforms.media.audio import decode_audio
from transforms.media.config import AudioConfig
from transforms.media.mfcc_file import audio_span_s, probe_voice

_SILENT_PEAK = 33  # of 32768: -60 dB


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivingAudio:
    """One audio stream of a file; its time 0 is its first sample."""

    path: str
    stream_index: int
    zero_s: Fraction  # time of the first sample on the container's clock
    num_samples: int  # of whole frames: the last frame is padded with zeros
    mix: ChannelMix = ALL_CHANNELS

    @property
    def num_frames(self) -> int:
        """Frames at 25 per second."""
        return self.num_samples // SAMPLES_PER_FRAME

    def blocks(self) -> Iterator[np.ndarray]:
        """Blocks int16 (n,), together num_samples; each call reads the file from its start."""
        return decode_audio(self.path, self.stream_index, self.zero_s, self.num_samples, self.mix)


def open_audio(path: str) -> DrivingAudio:
    """Audio stream of a file; MediaError or UsageError when there is none, or it is empty or silent."""
    probe, _ = probe_voice(path, AudioConfig())
    if probe.audio_index < 0:
        raise MissingStream(f"{path!r} has no audio; expected a file with an audio stream (--audio)")
    stream_index = probe.audio_streams[probe.audio_index].index
    start_s, end_s = audio_span_s(path, stream_index)
    num_frames = -int(-(end_s - start_s) * FRAME_RATE // 1)
    if (end_s - start_s) * SAMPLE_RATE_HZ < SAMPLES_PER_FRAME:
        raise UsageError(f"--audio {path!r} is empty: it lasts {float(end_s - start_s):.3f} s, less than one frame")
    audio = DrivingAudio(
        path=path,
        stream_index=stream_index,
        zero_s=start_s,
        num_samples=num_frames * SAMPLES_PER_FRAME,
        mix=probe.audio_mix,
    )
    if not any(_is_audible(block) for block in audio.blocks()):
        raise UsageError(f"--audio {path!r} is silent from start to end: a face has nothing to say")
    return audio


def _is_audible(block: np.ndarray) -> bool:
    return bool(len(block)) and int(np.abs(block.astype(np.int32)).max()) >= _SILENT_PEAK

"""What a media file holds, and when each of its frames is shown: by demuxing, without decoding the frames."""

from fractions import Fraction

import av
import numpy as np

from schemas.errors import DamagedMedia, LimitExceeded, MissingStream
from schemas.media import AudioStream, MediaProbe, Timeline, VideoStream
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.container import open_media, time_base_of
from transforms.media.video_packets import first_frame, probe_timeline


def probe_media(path: str, limits: LimitsConfig, audio: AudioConfig) -> tuple[MediaProbe, Timeline | None]:
    """Probe one file. The timeline is None where there is no video.

    Raises NotMedia, UnreadableSource, DamagedMedia, MissingStream or LimitExceeded.
    """
    with open_media(path) as container:
        _check_duration(path, _container_duration_s(container), limits)
        stream = video_stream(container)
        timeline = None if stream is None else probe_timeline(path, stream.index)
        video = None if stream is None or timeline is None else _video_stream(path, stream, timeline, limits)
        zero_s = timeline.zero_s if timeline is not None else Fraction(0)
        audio_streams = tuple(_audio_stream(container, one, zero_s) for one in container.streams.audio)
        duration_s = _container_duration_s(container) if timeline is None else _timeline_duration_s(timeline)
        _check_duration(path, duration_s, limits)
        probe = MediaProbe(
            container=container.format.name,
            duration_s=duration_s,
            video=video,
            audio_streams=audio_streams,
            audio_index=_chosen_audio(path, audio_streams, audio.stream),
        )
    return probe, timeline


def video_stream(container: "av.container.InputContainer") -> "av.VideoStream | None":
    """The video stream that is used: the default one, else the first; None without. Cover art is no video."""
    moving = [
        stream
        for stream in container.streams.video
        if not stream.disposition & (av.stream.Disposition.attached_pic | av.stream.Disposition.still_image)
    ]
    defaults = [stream for stream in moving if stream.disposition & av.stream.Disposition.default]
    return next(iter(defaults + moving), None)


def _video_stream(path: str, stream: "av.VideoStream", timeline: Timeline, limits: LimitsConfig) -> VideoStream:
    coded_width, coded_height = stream.codec_context.width, stream.codec_context.height
    _check_frame_size(path, coded_width, coded_height, limits)
    rotation_deg = _clockwise_rotation_deg(path, stream.index)
    width, height = round(coded_width * (stream.sample_aspect_ratio or 1)), coded_height
    _check_frame_size(path, width, height, limits)
    if rotation_deg in (90, 270):
        width, height = height, width
    return VideoStream(
        index=stream.index,
        codec=stream.codec_context.name,
        width=width,
        height=height,
        coded_width=coded_width,
        coded_height=coded_height,
        rotation_deg=rotation_deg,
        average_rate=_average_rate(timeline),
        time_base=timeline.time_base,
        num_frames=len(timeline.presentation_ticks),
    )


def _clockwise_rotation_deg(path: str, stream_index: int) -> int:
    # PyAV gives the display matrix of decoded frames only, as a counter-clockwise turn.
    frame = first_frame(path, stream_index)
    return 0 if frame is None else -90 * round(frame.rotation / 90) % 360


def _average_rate(timeline: Timeline) -> Fraction:
    """Frames a second; a broadcast rate (25, 30000/1001 ...) where the ticks are near one."""
    ticks = timeline.presentation_ticks
    if len(ticks) == 1:
        return Fraction(1)
    exact = Fraction(len(ticks) - 1) / (int(ticks[-1] - ticks[0]) * timeline.time_base)
    broadcast = (Fraction(round(exact)), Fraction(round(exact * Fraction(1001, 1000)) * 1000, 1001))
    near = [rate for rate in broadcast if abs(rate - exact) < exact / 50_000]  # ticks are rounded times
    return near[0] if near else exact.limit_denominator(1001)


def _timeline_duration_s(timeline: Timeline) -> float:
    ticks = timeline.presentation_ticks
    last = int(np.median(np.diff(ticks))) if len(ticks) > 1 else 0
    return float((int(ticks[-1] - ticks[0]) + last) * timeline.time_base)


def _audio_stream(container: "av.container.InputContainer", stream: "av.AudioStream", zero_s: Fraction) -> AudioStream:
    start = zero_s if stream.start_time is None else stream.start_time * time_base_of(container, stream)
    return AudioStream(
        index=stream.index,
        codec=stream.codec_context.name,
        sample_rate_hz=stream.codec_context.sample_rate,
        num_channels=stream.codec_context.channels,
        language=stream.metadata.get("language", "").replace("und", ""),
        is_default=bool(stream.disposition & av.stream.Disposition.default),
        start_s=float(start - zero_s),
    )


def _chosen_audio(path: str, streams: tuple[AudioStream, ...], wanted_index: int) -> int:
    """Place of the stream with this container index, of the default one where it is -1; -1 without audio."""
    if wanted_index >= 0:
        chosen = [place for place, audio in enumerate(streams) if audio.index == wanted_index]
        if not chosen:
            known = ", ".join(str(audio.index) for audio in streams) or "none"
            raise MissingStream(
                f"{path!r} has no audio stream {wanted_index}; its audio streams are: {known} (audio.stream)"
            )
        return chosen[0]
    defaults = [place for place, audio in enumerate(streams) if audio.is_default]
    return next(iter(defaults + list(range(len(streams)))), -1)


def _container_duration_s(container: "av.container.InputContainer") -> float:
    return (container.duration or 0) / av.time_base


def _check_duration(path: str, duration_s: float, limits: LimitsConfig) -> None:
    if duration_s > limits.duration_h * 3600:
        raise LimitExceeded(
            f"{path!r} lasts {duration_s / 3600:.2f} h; expected at most {limits.duration_h:g} h (limits.duration_h)"
        )


def _check_frame_size(path: str, width: int, height: int, limits: LimitsConfig) -> None:
    if width < 1 or height < 1:
        raise DamagedMedia(f"{path!r} states no frame size; expected one in its header")
    if width * height > limits.frame_megapixels * 1e6:
        raise LimitExceeded(
            f"{path!r} has frames of {width} x {height} px; "
            f"expected at most {limits.frame_megapixels:g} megapixels (limits.frame_megapixels)"
        )

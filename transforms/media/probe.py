"""What a media file holds, and when each of its frames is shown: by demuxing, without decoding the frames."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np

from schemas.clock import seconds_from_frames
from schemas.errors import DamagedMedia, LimitExceeded, MissingStream
from schemas.media import AudioStream, ListedVideo, MediaProbe, Timeline, VideoColour, VideoStream
from transforms.media.channel_layout import settle_layout
from transforms.media.colour import NUM_PEAK_FRAMES, colour_of, peak_nits_of
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.container import open_media, require_decoder, time_base_of
from transforms.media.encryption import require_clear
from transforms.media.frames_pyav import sample_frames
from transforms.media.gaps import check_clock, clock_s, with_gaps
from transforms.media.orientation import Orientation, orientation_of
from transforms.media.programmes import programmes_of
from transforms.media.video_packets import first_frame, probe_timeline


def probe_media(
    path: str, limits: LimitsConfig, audio: AudioConfig, video_index: int = -1
) -> tuple[MediaProbe, Timeline | None]:
    """Probe one file. The timeline is None where there is no video.

    video_index: container index of the video stream; -1: the default one, else the first. Raises NotMedia,
    UnreadableSource, DamagedMedia, MissingStream, LimitExceeded, EncryptedMedia or NoDecoder.
    """
    with open_media(path) as container:
        check_clock(path, _container_duration_s(container))
        programmes = programmes_of(container) if len(container.streams.video) > 1 else {}
        stream = _used_video(container, video_index, programmes)
        if stream is not None:
            require_clear(container, stream)
            require_decoder(container, stream)
        timeline = None if stream is None else _checked_timeline(path, stream.index)
        video = None if stream is None or timeline is None else _video_stream(path, stream, timeline, limits)
        zero_s = timeline.zero_s if timeline is not None else Fraction(0)
        audio_streams = tuple(
            _audio_stream(container, one, zero_s, programmes.get(one.index, ())) for one in container.streams.audio
        )
        own_programmes = () if stream is None else programmes.get(stream.index, ())
        duration_s = _container_duration_s(container) if timeline is None else _timeline_duration_s(timeline)
        _check_duration(path, duration_s - seconds_from_frames(video.gap_frames if video else 0), limits)
        probe = MediaProbe(
            container=container.format.name,
            duration_s=duration_s,
            video=video,
            audio_streams=audio_streams,
            audio_index=_chosen_audio(path, audio_streams, audio.stream, own_programmes),
            video_streams=tuple(_listed_video(one, programmes) for one in container.streams.video),
        )
    return probe, timeline


def _used_video(
    container: "av.container.InputContainer", index: int, programmes: dict[int, tuple[int, ...]]
) -> "av.VideoStream | None":
    """The video stream with a container index; for -1 the default one, else the first. Cover art is no video.

    Of several programmes those with audio come first. None without video; MissingStream: there is no such index.
    """
    moving = [stream for stream in container.streams.video if not _is_still(stream)]
    if index >= 0:
        chosen = [stream for stream in moving if stream.index == index]
        if not chosen:
            known = ", ".join(str(stream.index) for stream in moving) or "none"
            raise MissingStream(
                f"{container.name!r} has no video stream {index}; its video streams are: {known} (video.stream)"
            )
        return chosen[0]
    known_sizes = [stream for stream in moving if stream.codec_context is not None and stream.codec_context.width > 0]
    audible = {number for stream in container.streams.audio for number in programmes.get(stream.index, ())}
    with_audio = [stream for stream in known_sizes if audible & set(programmes.get(stream.index, ()))]
    defaults = [stream for stream in known_sizes if stream.disposition & av.stream.Disposition.default]
    return next(iter(with_audio + defaults + known_sizes + moving), None)


def codec_and_decoder(stream: "av.stream.Stream") -> tuple[str, str]:
    """FFmpeg's names of a stream's format and of what decodes it; "unknown" and "" without a decoder."""
    context = stream.codec_context
    return ("unknown", "") if context is None else (context.codec.canonical_name, context.name)


def own_audio_places(audio_streams: tuple[AudioStream, ...], programmes: tuple[int, ...]) -> list[int]:
    """Places of the audio streams that can belong to a video: those of its programmes, else those of no programme."""
    places = range(len(audio_streams))
    if not programmes:
        return list(places)
    own = [place for place in places if set(audio_streams[place].programmes) & set(programmes)]
    return own or [place for place in places if not audio_streams[place].programmes]


def _is_still(stream: "av.VideoStream") -> bool:
    return bool(stream.disposition & (av.stream.Disposition.attached_pic | av.stream.Disposition.still_image))


def _listed_video(stream: "av.VideoStream", programmes: dict[int, tuple[int, ...]]) -> ListedVideo:
    context = stream.codec_context
    return ListedVideo(
        index=stream.index,
        codec=codec_and_decoder(stream)[0],
        width=0 if context is None else context.width,
        height=0 if context is None else context.height,
        is_still=_is_still(stream),
        programmes=programmes.get(stream.index, ()),
    )


def _checked_timeline(path: str, stream_index: int) -> Timeline:
    timeline = probe_timeline(path, stream_index)
    check_clock(path, clock_s(timeline))
    return timeline


def _video_stream(path: str, stream: "av.VideoStream", timeline: Timeline, limits: LimitsConfig) -> VideoStream:
    codec, decoder = codec_and_decoder(stream)
    coded_width, coded_height = stream.codec_context.width, stream.codec_context.height
    _check_frame_size(path, coded_width, coded_height, limits)
    # PyAV gives display matrix, pixel format and colour for certain of decoded frames only.
    frame = first_frame(path, stream.index)
    rotation_deg, is_mirrored = Orientation(0, False) if frame is None else orientation_of(frame)
    width, height = round(coded_width * (stream.sample_aspect_ratio or 1)), coded_height
    _check_frame_size(path, width, height, limits)
    if rotation_deg in (90, 270):
        width, height = height, width
    video = VideoStream(
        index=stream.index,
        codec=codec,
        decoder=decoder,
        width=width,
        height=height,
        coded_width=coded_width,
        coded_height=coded_height,
        rotation_deg=rotation_deg,
        average_rate=_average_rate(timeline),
        time_base=timeline.time_base,
        num_frames=len(timeline.presentation_ticks),
        is_mirrored=is_mirrored,
        colour=VideoColour() if frame is None else colour_of(frame),
    )
    video = with_gaps(video, timeline)
    return video if video.colour.dynamic_range == "sdr" else _with_peak(path, video, timeline)


def _with_peak(path: str, video: VideoStream, timeline: Timeline) -> VideoStream:
    frames = sample_frames(path, video, timeline, NUM_PEAK_FRAMES)
    return replace(video, colour=replace(video.colour, peak_nits=peak_nits_of(frames, video.colour)))


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


def _audio_stream(
    container: "av.container.InputContainer", stream: "av.AudioStream", zero_s: Fraction, programmes: tuple[int, ...]
) -> AudioStream:
    codec, decoder = codec_and_decoder(stream)
    start = zero_s if stream.start_time is None else stream.start_time * time_base_of(container, stream)
    return AudioStream(
        index=stream.index,
        codec=codec,
        decoder=decoder,
        programmes=programmes,
        sample_rate_hz=stream.codec_context.sample_rate if decoder else 0,
        num_channels=settle_layout(stream),
        language=stream.metadata.get("language", "").replace("und", ""),
        is_default=bool(stream.disposition & av.stream.Disposition.default),
        start_s=float(start - zero_s),
    )


def _chosen_audio(
    path: str, streams: tuple[AudioStream, ...], wanted_index: int, own_programmes: tuple[int, ...]
) -> int:
    """Place of the stream with this container index, of the default one where it is -1; -1 without audio."""
    if wanted_index >= 0:
        chosen = [place for place, audio in enumerate(streams) if audio.index == wanted_index]
        if not chosen:
            known = ", ".join(str(audio.index) for audio in streams) or "none"
            raise MissingStream(
                f"{path!r} has no audio stream {wanted_index}; its audio streams are: {known} (audio.stream)"
            )
        return chosen[0]
    places = own_audio_places(streams, own_programmes)
    decoded = [place for place in places if streams[place].decoder]
    defaults = [place for place in decoded if streams[place].is_default]
    return next(iter(defaults + decoded + places), -1)


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

"""Opening a media file for reading, and its streams by index."""

import os
from fractions import Fraction

import av

from schemas.errors import DamagedMedia, NoDecoder, NotMedia, UnreadableSource
from transforms.media.regular_file import require_regular


def open_media(path: str) -> "av.container.InputContainer":
    """Open a file for reading; MediaError, which names the file, where that fails."""
    require_regular(path)
    try:
        if os.path.getsize(path) == 0:
            raise NotMedia(f"{path!r} is empty; expected a video file")
        # An absolute path, because FFmpeg takes the "a" of "a:b.mp4" for a protocol.
        container = av.open(os.path.abspath(path), metadata_errors="ignore")
    except (OSError, av.error.FFmpegError) as error:
        if isinstance(error, OSError) and not _is_of_content(path, error):
            raise UnreadableSource(
                f"{path!r} cannot be read: {error.strerror or error}; expected a readable file"
            ) from error
        raise NotMedia(
            f"{path!r} is no media file or its header is cut off ({error.strerror}); expected a video file"
        ) from error
    if not container.streams.video and not container.streams.audio:
        container.close()
        raise NotMedia(f"{path!r} ({container.format.name}) has neither video nor audio; expected a video file")
    return container


def _is_of_content(path: str, error: OSError) -> bool:
    """Whether a demuxer that may read the file says by "not permitted" that it does not take what is in it."""
    return isinstance(error, av.error.PermissionError) and os.access(path, os.R_OK)


def video_stream_at(container: "av.container.InputContainer", index: int) -> "av.VideoStream":
    """The video stream with this index in the container."""
    stream = container.streams[index]
    assert isinstance(stream, av.VideoStream), f"stream {index} of {container.name!r} is no video stream"
    return stream


def audio_stream_at(container: "av.container.InputContainer", index: int) -> "av.AudioStream":
    """The audio stream with this index in the container."""
    stream = container.streams[index]
    assert isinstance(stream, av.AudioStream), f"stream {index} of {container.name!r} is no audio stream"
    return stream


def require_decoder(container: "av.container.InputContainer", stream: "av.stream.Stream") -> None:
    """Raise NoDecoder where the codec of a stream is one that FFmpeg cannot decode."""
    if stream.codec_context is None:
        raise NoDecoder(
            f"{container.name!r} has a stream {stream.index} ({stream.type}) whose codec FFmpeg cannot decode; "
            "expected one that it can: convert it"
        )


def time_base_of(container: "av.container.InputContainer", stream: "av.stream.Stream") -> Fraction:
    """Seconds a tick of the stream; DamagedMedia where the file does not say."""
    if stream.time_base is None:
        raise DamagedMedia(
            f"{container.name!r} states no time base of stream {stream.index}; expected one in its header"
        )
    return stream.time_base

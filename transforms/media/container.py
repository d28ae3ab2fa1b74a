"""Opening a media file for reading."""

import os

import av

from schemas.errors import NotMedia, UnreadableSource


def open_media(path: str) -> "av.container.InputContainer":
    """Open a file for reading; a failure becomes a MediaError that names it."""
    try:
        if os.path.getsize(path) == 0:
            raise NotMedia(f"{path!r} is empty; expected a video file")
        # Absolute: FFmpeg reads "a:b.mp4" as a protocol.
        container = av.open(os.path.abspath(path), metadata_errors="ignore")
    except OSError as error:
        raise UnreadableSource(
            f"{path!r} cannot be read: {error.strerror or error}; expected a readable file"
        ) from error
    except av.error.FFmpegError as error:
        raise NotMedia(
            f"{path!r} is no media file or its header is cut off ({error.strerror}); expected a video file"
        ) from error
    if not container.streams.video and not container.streams.audio:
        container.close()
        raise NotMedia(f"{path!r} ({container.format.name}) has neither image nor audio; expected a video file")
    return container

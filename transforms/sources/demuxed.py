"""What FFmpeg's demuxers find in a file: asked in a child process, where name and first bytes do not tell."""

from typing import BinaryIO

import av

_OPTIONS = {
    "formatprobesize": "65536",  # bytes by which the container is recognised: junk is left after these
    "protocol_whitelist": "none",  # a playlist must not open other files or addresses
}
_IMAGE_FORMATS = ("image2", "ico", "gif", "apng", "tty", "ansi")
_NOT_MOVING = av.stream.Disposition.attached_pic | av.stream.Disposition.still_image


def why_no_video_of(path: str) -> str:
    """Why the local file holds no video, see `why_no_video_in`."""
    with open(path, "rb") as stream:
        return why_no_video_in(stream)


def why_no_video_in(stream: BinaryIO) -> str:
    """Why the content of a seekable stream holds no video, as words; "" where it does."""
    try:
        container = av.open(stream, options=_OPTIONS, metadata_errors="ignore")
    except (av.error.FFmpegError, OSError):
        return "no media that FFmpeg knows"
    with container:
        name = container.format.name
        if name.endswith("_pipe") or name in _IMAGE_FORMATS:
            return f"an image ({name})"
        moving = [one for one in container.streams.video if not one.disposition & _NOT_MOVING]
        decoded = [one for one in moving if one.codec_context is not None]
        if any(one.codec_context.width > 0 for one in decoded):
            return ""
        if len(decoded) < len(moving):
            return f"video that FFmpeg cannot decode ({name})"
        if container.streams.audio:
            return f"audio only ({name})"
        return f"subtitles ({name})" if container.streams.subtitles else f"no video ({name})"

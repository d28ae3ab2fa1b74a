"""One frame of a video in its own pixel format: what is pasted changes the stored numbers there, and no others.

A whole frame never goes to RGB and back, which would change every pixel. The difference that a paste makes is converted
to the frame's own planes, depth, matrix and range, and is added.
"""

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from schemas.errors import NoDecoder
from schemas.media import VideoColour
from transforms.media.colour import native_rgb

_LUMA_WEIGHTS = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
"""FFmpeg's number of a matrix -> weights of red and blue in its luma."""
_BT601 = (0.299, 0.114)  # of all others, as swscale has it
_FULL_RANGE = 2
_GRID = 4  # px: no format has coarser chroma
_PLANAR_FORM = {
    "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "p010le": "yuv420p10le",
    "p210le": "yuv422p10le", "yuyv422": "yuv422p", "uyvy422": "yuv422p", "rgb24": "gbrp", "bgr24": "gbrp",
    "rgb0": "gbrp", "bgr0": "gbrp", "0rgb": "gbrp", "0bgr": "gbrp", "rgba": "gbrap", "bgra": "gbrap", "argb": "gbrap",
    "abgr": "gbrap", "rgb48le": "gbrp16le", "rgb48be": "gbrp16le", "pal8": "gbrp", "monob": "gray", "monow": "gray",
}  # fmt: skip
"""Format -> the one with a plane for each channel that holds the same numbers."""


class FramePlanes:
    """A copy of a decoded frame, to be pasted into."""

    def __init__(self, frame: "av.VideoFrame", colour: VideoColour) -> None:
        """Copy the frame. NoDecoder: its pixel format is none that can be edited."""
        self._rgb: np.ndarray | None = None
        self._source, self._colour = frame, colour
        self.image = _planar_copy(frame)
        self._planes = _planes_of(self.image)

    @property
    def rgb(self) -> np.ndarray:
        """R'G'B' uint8 (height, width, 3) of the frame before any paste, as stored: not turned, not mapped to SDR."""
        if self._rgb is None:
            self._rgb = native_rgb(VideoReformatter(), self._source, self._colour)
        return self._rgb

    def paste(self, patch_rgb: np.ndarray, share: np.ndarray, corner: tuple[int, int]) -> None:
        """Put a patch into the frame, where `share` is above 0; the patch lies in the frame.

        patch_rgb: (H, W, 3), 0..255. share: float32 (H, W), 0..1, how much of it is seen. corner: x, y of its first px.
        """
        (left, top), (height, width) = corner, share.shape
        x1, y1 = left - left % _GRID, top - top % _GRID  # chroma lies on a coarser grid
        size = (height + top - y1, width + left - x1)
        change = np.zeros((size[0] + -size[0] % _GRID, size[1] + -size[1] % _GRID, 3), np.float32)
        inside = change[top - y1 : top - y1 + height, left - x1 : left - x1 + width]
        inside[:] = (patch_rgb - self.rgb[top : top + height, left : left + width].astype(np.float32)) * share[
            ..., None
        ]
        components = self.image.format.components
        for plane, in_plane, component in zip(self._planes, self._channels(change), components, strict=False):
            _add(plane, in_plane, (x1, y1), self.image, 2**component.bits - 1)

    def _channels(self, change: np.ndarray) -> list[np.ndarray]:
        """A change of RGB, in 8-bit steps, as one of the numbers in each plane but for alpha."""
        bits = self.image.format.components[0].bits
        full = (2**bits - 1) / 255
        if self.image.format.is_rgb:
            return [change[..., channel] * full for channel in range(3)]
        red, blue = _LUMA_WEIGHTS.get(int(self._source.colorspace), _BT601)
        is_full, depth = _is_full_range(self._source), 2.0 ** (bits - 8)
        luma = change @ np.array([red, 1 - red - blue, blue], np.float32)
        scale = full if is_full else depth * 219 / 255
        if len(self._planes) == 1:
            return [luma * scale]
        chroma = full if is_full else depth * 224 / 255
        blues, reds = (change[..., 2] - luma) / (2 - 2 * blue), (change[..., 0] - luma) / (2 - 2 * red)
        return [luma * scale, blues * chroma, reds * chroma]


def _is_full_range(frame: "av.VideoFrame") -> bool:
    name = frame.format.name
    return int(frame.color_range) == _FULL_RANGE or name.startswith(("yuvj", "gray"))


def _planar_copy(frame: "av.VideoFrame") -> "av.VideoFrame":
    """The same numbers in a new frame, each channel in a plane of its own."""
    name = frame.format.name
    if name in _PLANAR_FORM:
        planar = VideoReformatter().reformat(frame, format=_PLANAR_FORM[name], threads=1)
    else:
        planar = frame
    if not _has_own_planes(planar.format):
        raise NoDecoder(f"pixel format {name} cannot be edited; convert the video to yuv420p (--video)")
    copy = av.VideoFrame(planar.width, planar.height, planar.format.name.replace("yuvj", "yuv"))
    for to_plane, from_plane in zip(_planes_of(copy), _planes_of(planar), strict=True):
        to_plane[:] = from_plane
    copy.colorspace, copy.color_primaries, copy.color_trc = frame.colorspace, frame.color_primaries, frame.color_trc
    copy.color_range = _FULL_RANGE if name.startswith("yuvj") else frame.color_range
    return copy


def _has_own_planes(form: "av.VideoFormat") -> bool:
    planes = [component.plane for component in form.components]
    is_integer = not form.name.endswith(("f32le", "f16le"))
    return is_integer and not form.is_big_endian and form.name != "pal8" and len(set(planes)) == len(planes)


def _planes_of(frame: "av.VideoFrame") -> list[np.ndarray]:
    """Views of the numbers of each channel (its height, its width); red, green, blue in this order."""
    views = []
    for component in frame.format.components:
        plane = frame.planes[component.plane]
        kind: type[np.unsignedinteger] = np.uint8 if component.bits <= 8 else np.uint16
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size).view(kind)
        views.append(lines[:, : component.width])
    return views


def _add(plane: np.ndarray, change: np.ndarray, corner: tuple[int, int], image: "av.VideoFrame", most: int) -> None:
    """Add a change, at the frame's full resolution from `corner` on, to a plane that may be smaller."""
    across, down = round(image.width / plane.shape[1]), round(image.height / plane.shape[0])
    if (across, down) != (1, 1):
        size = (change.shape[1] // across, change.shape[0] // down)
        change = cv2.resize(change, size, interpolation=cv2.INTER_AREA)
    left, top = corner[0] // across, corner[1] // down
    part = plane[top : top + change.shape[0], left : left + change.shape[1]]
    part[:] = np.clip(np.round(part + change[: part.shape[0], : part.shape[1]]), 0, most)

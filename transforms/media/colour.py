"""Decoded frames as RGB of SDR BT.709, whatever their colour: matrix, range, depth, HDR and wide gamut."""

import functools
import io
import itertools
import os
import tempfile
from collections.abc import Iterable
from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from schemas.media import VideoColour
from transforms.media.tone_map import TABLE_SIZE, colour_table, light_of, needs_mapping

_TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100", 10: "log316",
    11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
_MATRICES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
    10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp",
}  # fmt: skip
_RANGES = {1: "limited", 2: "full"}
_UNSPECIFIED = 2
_BT2020_NCL = 9
_BT2020_CL = 10
_KNOWN_MATRICES = (0, 1, 2, 4, 5, 6, 7, 9)
"""Those that swscale converts; it refuses the others (EOPNOTSUPP)."""

_LIGHT_STEP = 4  # every fourth pixel of every fourth line is looked at for the peak
_PEAK_PERCENTILE = 99.9  # brighter pixels are noise and glints
NUM_PEAK_FRAMES = 8
"""Frames of a source that are looked at for its peak."""

_FULL_FROM_LIMITED = np.clip(np.round((np.arange(256) - 16.0) * 255 / 219), 0, 255).astype(np.uint8)


def colour_of(frame: "av.VideoFrame") -> VideoColour:
    """The colour that a decoded frame states."""
    is_full_format = frame.format.name.startswith("yuvj")
    return VideoColour(
        transfer=_name(_TRANSFERS, int(frame.color_trc)),
        primaries=_name(_PRIMARIES, int(frame.color_primaries)),
        matrix=_name(_MATRICES, int(frame.colorspace)),
        value_range="full" if is_full_format else _RANGES.get(int(frame.color_range), ""),
        bit_depth=max((component.bits for component in frame.format.components), default=8),
        pixel_format=frame.format.name,
    )


def peak_nits_of(frames: Iterable["av.VideoFrame"], colour: VideoColour) -> float:
    """The brightest light of some frames of an HDR video, in nits; 0.0 without frames."""
    brightest = 0.0
    for frame in frames:
        try:
            rgb = _converted(VideoReformatter(), frame, colour, "rgb48le").to_ndarray()
        except av.error.FFmpegError:
            continue  # not converted, and so not shown
        light = light_of(rgb[::_LIGHT_STEP, ::_LIGHT_STEP] / 65535, colour)
        brightest = max(brightest, float(np.percentile(light.max(axis=-1), _PEAK_PERCENTILE)))
    return brightest


def native_rgb(reformatter: VideoReformatter, frame: "av.VideoFrame", colour: VideoColour) -> np.ndarray:
    """R'G'B' uint8 (height, width, 3) in the frame's own primaries and transfer: only its matrix is undone."""
    return _converted(reformatter, frame, colour, "rgb24").to_ndarray()


class RgbConverter:
    """Converts frames of one video. Ordinary SDR takes swscale's way; the rest goes through a table of colours."""

    def __init__(self, colour: VideoColour) -> None:
        """Make nothing yet; colour: of the video's first frame."""
        self._colour = colour
        self._reformatter = VideoReformatter()
        self._table: _ColourTable | None = None

    def rgb(self, frame: "av.VideoFrame") -> np.ndarray:
        """RGB uint8 (height, width, 3) of SDR BT.709, not turned."""
        if needs_mapping(self._colour):
            return self._mapped(_converted(self._reformatter, frame, self._colour, "gbrp16le"))
        rgb = _converted(self._reformatter, frame, self._colour, "rgb24").to_ndarray()
        is_limited_grey = frame.format.name.startswith("gray") and self._colour.value_range == "limited"
        return cv2.LUT(rgb, _FULL_FROM_LIMITED) if is_limited_grey else rgb  # swscale takes all grey for full range

    def _mapped(self, frame: "av.VideoFrame") -> np.ndarray:
        if self._table is None or not self._table.fits(frame):
            self._table = _ColourTable(self._colour, frame)
        return self._table.mapped(frame)


class _ColourTable:
    """A filter graph that looks up each colour of a frame of 16 bits a channel."""

    def __init__(self, colour: VideoColour, frame: "av.VideoFrame") -> None:
        self._size = frame.width, frame.height
        self._graph = av.filter.Graph()
        self._graph.threads = 1
        with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
            path = os.path.join(folder, "table.cube")
            with open(path, "w") as file:
                file.write(_cube(colour))
            source = self._graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
            )
            steps = (
                source,
                self._graph.add("lut3d", file=path, interp="tetrahedral"),
                self._graph.add("format", "rgb24"),
                self._graph.add("buffersink"),
            )
            for first, second in itertools.pairwise(steps):
                first.link_to(second)
            self._graph.configure()

    def fits(self, frame: "av.VideoFrame") -> bool:
        """Whether the graph was made for frames of this size."""
        return self._size == (frame.width, frame.height)

    def mapped(self, frame: "av.VideoFrame") -> np.ndarray:
        self._graph.vpush(frame)
        return self._graph.vpull().to_ndarray()


def _converted(
    reformatter: VideoReformatter, frame: "av.VideoFrame", colour: VideoColour, pixel_format: str
) -> "av.VideoFrame":
    """The frame in another pixel format, by a matrix that swscale knows; its primaries and transfer stay."""
    matrix = int(frame.colorspace)
    if matrix == _BT2020_CL or (matrix == _UNSPECIFIED and colour.dynamic_range != "sdr"):
        frame.colorspace = _BT2020_NCL
    elif matrix not in _KNOWN_MATRICES:
        frame.colorspace = _UNSPECIFIED
    return reformatter.reformat(frame, format=pixel_format, threads=1)


@functools.lru_cache(maxsize=4)
def _cube(colour: VideoColour) -> str:
    """The table of colours in the text format of lut3d; kept, as a source is opened many times and this takes 0.4 s."""
    text = io.StringIO()
    np.savetxt(text, colour_table(colour), fmt="%.6f", header=f"LUT_3D_SIZE {TABLE_SIZE}", comments="")
    return text.getvalue()


def _name(names: dict[int, str], number: int) -> str:
    return names.get(number, "" if number in (0, _UNSPECIFIED) else str(number))

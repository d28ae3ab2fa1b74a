"""The dubbed file: the source's frames at their own times, the new audio, and the source's other streams."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
from av.codec.codec import find_best_pix_fmt_of_list
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter

from schemas.errors import StorageError, UsageError
from schemas.media import MediaProbe, Timeline
from speech2vid.dubbing.copied_streams import CopiedStreams
from speech2vid.dubbing.output_audio import OutputAudio
from speech2vid.generation.driving_audio import DrivingAudio
from transforms.media.container import open_media, video_stream_at
from transforms.media.video_packets import first_frame

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Suffix of an output -> FFmpeg's name of its container."""
_MUXER_OPTIONS = {"mp4": {"movflags": "+faststart"}, "mov": {"movflags": "+faststart"}}
_LOSSY = ("libx264", {"crf": "12"})
_LOSSLESS = ("ffv1", {"level": "3", "slices": "4", "slicecrc": "1"})
_BITS_PER_S = {"mono": 128_000, "stereo": 192_000}
_BT601, _LIMITED, _FULL = 6, 1, 2
"""FFmpeg's numbers of a matrix and of ranges."""
_OWN_KEYS = ("major_brand", "minor_version", "compatible_brands", "encoder")  # metadata that a muxer writes itself


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutputPlan:
    """What is written, and where."""

    path: Path
    source: str  # path of the video
    probe: MediaProbe
    timeline: Timeline
    audio: DrivingAudio
    length_s: Fraction  # of the new audio's stream, from the video's first frame on
    is_lossless: bool
    comment: str  # for the metadata


class DubbedVideo:
    """Writes one file under a temporary name, and renames it when everything was written without an error."""

    def __init__(self, plan: OutputPlan) -> None:
        """Open the file; StorageError when it cannot be written."""
        self._plan = plan
        self._partial = plan.path.with_name(f".{plan.path.name}.part")
        with open_media(plan.source) as container:
            self._offset_s = Fraction(container.start_time or 0, av.time_base)
            self._metadata, self._chapters = dict(container.metadata), container.chapters()
        self._images: _Images | None = None
        self._audio: _Audio | None = None
        self._copied = CopiedStreams(plan.source, self._offset_s)
        self._container = self._opened()

    @property
    def left_out(self) -> list[str]:
        """Streams of the source that the output's container cannot hold."""
        return self._copied.left_out

    def write_frame(self, frame: "av.VideoFrame", ticks: int, duration_ticks: int) -> None:
        """Write the next frame, shown from `ticks` of the source's time base on."""
        if self._images is None:
            self._add_streams(frame)
        assert self._images is not None and self._audio is not None, "streams are added at the first frame"
        offset = round(self._offset_s / self._plan.timeline.time_base)
        self._container.mux(self._images.packets(frame, ticks - offset, duration_ticks))
        time_s = ticks * self._plan.timeline.time_base - self._offset_s
        self._mux_until(time_s)

    def __enter__(self) -> Self:
        """The open video."""
        return self

    def __exit__(self, error_type: object, *error: object) -> None:
        """Complete and rename the file, or delete it after an error."""
        try:
            if error_type is None and self._images is not None:
                self._container.mux(self._images.last_packets())
                self._mux_until(None)
            self._container.close()
            if error_type is None:
                os.replace(self._partial, self._plan.path)
        except OSError as failure:
            raise StorageError(f"cannot write {self._plan.path}: {failure.strerror or failure}") from failure
        finally:
            self._copied.close()
            self._partial.unlink(missing_ok=True)

    def _opened(self) -> "av.container.OutputContainer":
        path = self._plan.path
        form = FORMATS[path.suffix.lower()]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            container = av.open(str(self._partial), "w", format=form, options=_MUXER_OPTIONS.get(form, {}))
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror or error}; choose another --output") from error
        before = self._metadata.get("comment", "")
        container.metadata.update({key: value for key, value in self._metadata.items() if key not in _OWN_KEYS})
        container.metadata["comment"] = f"{self._plan.comment} | {before}" if before else self._plan.comment
        return container

    def _add_streams(self, first: "av.VideoFrame") -> None:
        """Add all streams in the source's order; the first frame tells pixel format and colour."""
        used_audio, used_video = self._plan.probe.used_audio, self._plan.probe.used_video.index
        for index in range(self._copied.num_streams):
            if index == used_video:
                self._images = _Images(self._container, self._plan, first)
            elif used_audio is not None and index == used_audio.index:
                self._add_audio()
            else:
                self._copied.add_to(self._container, index)
        if self._audio is None:
            self._add_audio()
        if self._chapters:
            self._container.set_chapters(self._chapters)
        self._copied.start()

    def _add_audio(self) -> None:
        self._audio = _Audio(self._container, self._plan, self._plan.timeline.zero_s - self._offset_s)

    def _mux_until(self, time_s: Fraction | None) -> None:
        """Write what belongs before a time of the output; None: all that is left."""
        if self._audio is not None:
            self._container.mux(list(self._audio.packets_until(time_s)))
        for packet in self._copied.packets_until(time_s):
            self._container.mux(packet)


class _Images:
    """The video stream of an output."""

    def __init__(self, container: "av.container.OutputContainer", plan: OutputPlan, first: "av.VideoFrame") -> None:
        codec, options = _LOSSLESS if plan.is_lossless else _LOSSY
        self._time_base = plan.timeline.time_base
        self._reformatter = VideoReformatter()
        stream: Any = container.add_stream(codec, rate=plan.probe.used_video.average_rate, options=options)
        found, _ = find_best_pix_fmt_of_list(av.codec.Codec(codec, "w").video_formats or [], first.format.name)
        assert found is not None, f"{codec} encodes at least one pixel format"
        self._format = found.name
        _require_even(first, av.VideoFormat(found.name, first.width, first.height), plan)
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, found.name
        stream.codec_context.time_base = self._time_base
        for name in ("color_range", "colorspace", "color_primaries", "color_trc"):
            setattr(stream.codec_context, name, getattr(first, name))
        if first.format.name.startswith("gray") and first.color_range != _LIMITED:
            stream.codec_context.color_range = _FULL  # as grey is taken where a file does not say
        if first.format.is_rgb and not found.is_rgb:
            stream.codec_context.colorspace, stream.codec_context.color_range = _BT601, _LIMITED  # as swscale converts
        self._stream = stream
        with open_media(plan.source) as source:
            self._take_over(video_stream_at(source, plan.probe.used_video.index))
        matrix = _display_matrix(plan)
        if matrix is not None:
            stream.set_display_matrix(matrix)

    def packets(self, frame: "av.VideoFrame", ticks: int, duration_ticks: int) -> "list[av.Packet]":
        """Packets that are ready once a frame is encoded."""
        shown = frame
        if frame.format.name != self._format:
            shown = self._reformatter.reformat(frame, format=self._format, threads=1)
        shown.pts, shown.time_base, shown.duration = ticks, self._time_base, duration_ticks
        return self._stream.encode(shown)

    def last_packets(self) -> "list[av.Packet]":
        """Those that are left at the end."""
        return self._stream.encode(None)

    def _take_over(self, source: "av.VideoStream") -> None:
        self._stream.metadata.update(source.metadata)
        self._stream.disposition = source.disposition
        if source.sample_aspect_ratio:
            self._stream.codec_context.sample_aspect_ratio = source.sample_aspect_ratio
            self._stream.sample_aspect_ratio = source.sample_aspect_ratio


class _Audio:
    """The audio stream of an output."""

    def __init__(self, container: "av.container.OutputContainer", plan: OutputPlan, start_s: Fraction) -> None:
        codec, kind = ("flac", "s16") if plan.is_lossless else ("aac", "fltp")
        rates = () if plan.is_lossless else tuple(av.codec.Codec(codec, "w").audio_rates or ())
        audio = OutputAudio(plan.audio, rates, kind)
        self._stream: Any = container.add_stream(codec, rate=audio.rate_hz, layout=audio.layout)
        if not plan.is_lossless:
            self._stream.codec_context.bit_rate = _BITS_PER_S[audio.layout]
        self._stream.metadata["language"] = audio.language or "und"
        self._stream.disposition = av.stream.Disposition.default
        self._first, self._rate_hz = round(start_s * audio.rate_hz), audio.rate_hz
        self._frames = audio.frames(plan.length_s)
        self._is_done, self._num_samples = False, 0
        self._time_s = start_s

    def packets_until(self, time_s: Fraction | None) -> "Iterator[av.Packet]":
        """Packets up to a time of the output; None: all that are left."""
        while not self._is_done and (time_s is None or self._time_s <= time_s):
            frame = next(self._frames, None)
            self._is_done = frame is None
            if frame is not None:
                frame.pts = self._first + self._num_samples
                self._num_samples += frame.samples
                self._time_s = Fraction(self._first + self._num_samples, self._rate_hz)
            yield from self._stream.encode(frame)


def _require_even(frame: "av.VideoFrame", form: "av.VideoFormat", plan: OutputPlan) -> None:
    """Raise UsageError for a size that an encoder of subsampled chroma does not take."""
    chroma = [component for component in form.components if component.is_chroma]
    is_subsampled = any((one.width, one.height) != (form.width, form.height) for one in chroma)
    if is_subsampled and not plan.is_lossless and (frame.width % 2 or frame.height % 2):
        raise UsageError(
            f"{plan.source!r} has frames of {frame.width} x {frame.height} px, and H.264 takes only even sizes of "
            f"{form.name}; use --lossless"
        )


def _display_matrix(plan: OutputPlan) -> list[int] | None:
    """The display matrix of the source's first frame, nine numbers of fixed point; None: there is none."""
    frame = first_frame(plan.source, plan.probe.used_video.index)
    side_data: Any = frame.side_data if frame is not None else {}  # PyAV's stubs know only some of its keys
    matrix = side_data.get(Type.DISPLAYMATRIX)
    return None if matrix is None else np.frombuffer(bytes(matrix), np.int32)[:9].tolist()

"""Copies of a recording as people make them: smaller, worse, mirrored, cut out, faster, later, in another container."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.filter import Graph

_RATE_HZ = 44_100
_SIDE = "2*trunc(iw*{0}/2):2*trunc(ih*{0}/2)"  # libx264 takes even sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to copy."""

    name: str
    video: tuple[tuple[str, str], ...] = (("scale", _SIDE.format(1)),)  # filters with their arguments
    audio: tuple[tuple[str, str], ...] = ()
    speed: float = 1.0
    begin_s: float = 0.0  # of the recording, where it begins
    crf: int = 23
    codec: str = "aac"
    kbps: int = 96
    suffix: str = ".mp4"


VARIANTS = (
    Variant(name="half", video=(("scale", _SIDE.format(0.5)),)),
    Variant(name="crf35", crf=35, kbps=48),
    Variant(name="mirrored", video=(("hflip", ""), ("scale", _SIDE.format(1)))),
    Variant(name="cropped", video=(("crop", "iw*0.8:ih*0.9"), ("scale", _SIDE.format(1)))),
    Variant(name="faster", speed=1.02, audio=(("asetrate", str(round(_RATE_HZ * 1.02))),)),  # the pitch rises
    Variant(name="slower", speed=0.98, audio=(("atempo", "0.98"),)),  # the pitch stays
    Variant(name="later", begin_s=0.5),
    Variant(name="mp3", codec="libmp3lame", kbps=32, crf=28, suffix=".mkv"),
    Variant(
        name="worst",
        begin_s=0.3,
        video=(("hflip", ""), ("scale", _SIDE.format(0.5))),
        crf=32,
        codec="libmp3lame",
        kbps=32,
        suffix=".mkv",
    ),
)
"""All ways, each alone, and the worst of several at once."""


def reencode(source: Path, target: Path, variant: Variant, max_s: float) -> None:
    """Write a copy of a recording's first seconds."""
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        video, audio = given.streams.video[0], given.streams.audio[0]
        rate = Fraction(video.average_rate).limit_denominator(1001)
        graphs = {video: _graph("video", video, _images(variant, rate)), audio: _graph("audio", audio, _audio(variant))}
        to_video, to_audio = None, made.add_stream(variant.codec, rate=_RATE_HZ)
        to_audio.bit_rate, to_audio.layout = variant.kbps * 1000, "mono"
        for frame in _filtered(given, graphs, max_s):
            if isinstance(frame, av.AudioFrame):
                made.mux(to_audio.encode(frame))
                continue
            if to_video is None:
                options = {"crf": str(variant.crf), "preset": "veryfast"}
                to_video = made.add_stream("libx264", rate=rate, options=options)
                to_video.width, to_video.height, to_video.pix_fmt = frame.width, frame.height, "yuv420p"
                to_video.codec_context.thread_count = 1
            frame.pict_type = 0
            made.mux(to_video.encode(frame))
        for stream in (to_video, to_audio):
            made.mux(stream.encode(None))


def _images(variant: Variant, rate: Fraction) -> tuple[tuple[str, str], ...]:
    timed = (("setpts", f"(PTS-STARTPTS)/{variant.speed}"), ("fps", str(rate)), ("format", "yuv420p"))
    return (("trim", f"start={variant.begin_s}"), *variant.video, *timed)


def _audio(variant: Variant) -> tuple[tuple[str, str], ...]:
    given = (("atrim", f"start={variant.begin_s}"), ("aresample", f"{_RATE_HZ}:async=1"), *variant.audio)
    plain = ("aformat", "sample_fmts=fltp:channel_layouts=mono")
    return (*given, ("aresample", str(_RATE_HZ)), ("asetpts", "PTS-STARTPTS"), plain)


def _graph(kind: str, stream: av.stream.Stream, filters: tuple[tuple[str, str], ...]) -> Graph:
    graph = Graph()
    last = graph.add_buffer(template=stream) if kind == "video" else graph.add_abuffer(template=stream)
    for name, arguments in filters:
        node = graph.add(name, arguments)
        last.link_to(node)
        last = node
    last.link_to(graph.add("buffersink" if kind == "video" else "abuffersink"))
    graph.configure()
    return graph


def _filtered(
    given: av.container.InputContainer, graphs: dict[av.stream.Stream, Graph], max_s: float
) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """The frames of both streams, filtered: first all images, whose size the muxer must know."""
    audio: list[av.AudioFrame] = []
    for packet in given.demux(*graphs):
        for frame in packet.decode():
            if frame.time is None or frame.time <= max_s:
                graphs[packet.stream].push(frame)
        found = _pulled(graphs[packet.stream])
        if packet.stream.type == "video":
            yield from found
        else:
            audio += found
    for graph in graphs.values():
        graph.push(None)
        yield from (frame for frame in _pulled(graph) if isinstance(frame, av.VideoFrame) or audio.append(frame))
    yield from audio


def _pulled(graph: Graph) -> Iterator[av.frame.Frame]:
    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return

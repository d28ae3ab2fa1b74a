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
    Variant(name="later", video=(("trim", "start=0.5"), ("scale", _SIDE.format(1))), audio=(("atrim", "start=0.5"),)),
    Variant(name="mp3", codec="libmp3lame", kbps=32, crf=28, suffix=".mkv"),
    Variant(
        name="worst",
        video=(("trim", "start=0.3"), ("hflip", ""), ("scale", _SIDE.format(0.5))),
        audio=(("atrim", "start=0.3"),),
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
        picture, sound = given.streams.video[0], given.streams.audio[0]
        rate = Fraction(picture.average_rate).limit_denominator(1001)
        video_graph = _graph(
            "video",
            picture,
            (*variant.video, ("setpts", f"(PTS-STARTPTS)/{variant.speed}"), ("fps", str(rate)), ("format", "yuv420p")),
        )
        audio_graph = _graph(
            "audio",
            sound,
            (
                ("aresample", f"{_RATE_HZ}:async=1"),
                *variant.audio,
                ("aresample", str(_RATE_HZ)),
                ("asetpts", "PTS-STARTPTS"),
                ("aformat", "sample_fmts=fltp:channel_layouts=mono"),
            ),
        )
        to_video = None
        to_audio = made.add_stream(variant.codec, rate=_RATE_HZ)
        to_audio.bit_rate, to_audio.layout = variant.kbps * 1000, "mono"
        for frame, is_image in _filtered(given, picture, sound, video_graph, audio_graph, max_s):
            if not is_image:
                made.mux(to_audio.encode(frame))
                continue
            if to_video is None:
                to_video = made.add_stream(
                    "libx264", rate=rate, options={"crf": str(variant.crf), "preset": "veryfast"}
                )
                to_video.width, to_video.height, to_video.pix_fmt = frame.width, frame.height, "yuv420p"
                to_video.codec_context.thread_count = 1
            frame.pict_type = 0
            made.mux(to_video.encode(frame))
        made.mux(to_video.encode(None))
        made.mux(to_audio.encode(None))


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
    given, picture, sound, video_graph: Graph, audio_graph: Graph, max_s
) -> Iterator[tuple[av.frame.Frame, bool]]:
    """The frames of both streams, filtered, and whether each is an image: first all images, for the muxer's header."""
    held = []
    for packet in given.demux(picture, sound):
        is_image = packet.stream is picture
        graph = video_graph if is_image else audio_graph
        for frame in packet.decode():
            if frame.time is not None and frame.time > max_s:
                continue
            graph.push(frame)
            for done in _pulled(graph):
                if is_image:
                    yield done, True
                else:
                    held.append(done)
    for graph, is_image in ((video_graph, True), (audio_graph, False)):
        graph.push(None)
        found = list(_pulled(graph))
        if is_image:
            yield from ((done, True) for done in found)
        else:
            held += found
    yield from ((done, False) for done in held)


def _pulled(graph: Graph) -> Iterator[av.frame.Frame]:
    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return

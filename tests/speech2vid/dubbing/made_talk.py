"""Small videos of a portrait that talks, in whatever form, and audio to dub them with."""

import functools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from demo.face import Pose, posed
from demo.portrait import astronaut_rgba
from tests.made_media import TICK, steady_times

SIDE = 288
_CORNER, _SCALE = (135.0, 25.0), 1.6
_WALL = (90, 110, 100)


@functools.cache
def talking_image(number: int, num_people: int = 1) -> np.ndarray:
    """RGB uint8 (SIDE, num_people SIDE, 3): a head that moves a little, and a mouth that opens and closes."""
    opening = 0.5 - 0.5 * np.cos(number * 0.9)
    pose = Pose(opening=opening, rounding=0.2, tilt_deg=2 * np.sin(number / 6), move_xy=(np.sin(number / 5), 0.0))
    seen = posed(_portrait(), _CORNER, _SCALE, (SIDE, SIDE), pose)
    image = seen[..., 3:] / 255 * (seen[..., :3] - _WALL) + _WALL
    return np.tile(np.clip(image, 0, 255).round().astype(np.uint8), (1, num_people, 1))


def make_talk(
    path: Path,
    times_s: Sequence[Fraction] | int,
    *,
    pixel_format: str = "yuv420p",
    codec: str = "libx264",
    num_people: int = 1,
    rotation_deg: int = 0,
    is_mirrored: bool = False,
    aspect: Fraction | None = None,
    hidden: range = range(0),
    audio: bool = True,
    subtitles: bool = False,
    chapters: Sequence[dict] = (),
) -> Path:
    """Write a video whose frame k shows talking_image(k) at times_s[k]; a number is one of frames at 25 a second.

    hidden: frames that show the wall alone. Turned or mirrored frames are stored so that they are shown as the others.
    """
    times_s = steady_times(times_s, Fraction(25)) if isinstance(times_s, int) else list(times_s)
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=25, options={"crf": "12"} if codec == "libx264" else {})
        upright = (num_people * SIDE, SIDE)
        stream.width, stream.height = upright[::-1] if rotation_deg in (90, 270) else upright
        stream.pix_fmt, stream.codec_context.time_base = pixel_format, TICK
        if pixel_format not in ("bgr0", "gray"):
            context = stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = 1
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if is_mirrored:
            stream.set_display_rotation(0, hflip=True)
        if rotation_deg:
            stream.set_display_rotation(-rotation_deg)
        voice = (
            file.add_stream("flac" if path.suffix == ".mkv" else "aac", rate=16_000, layout="mono") if audio else None
        )
        words = file.add_mux_stream("subrip") if subtitles else None
        if chapters:
            file.set_chapters(list(chapters))
        file.metadata["title"] = "a talk"
        for number, time_s in enumerate(times_s):
            image = (
                np.full_like(talking_image(0, num_people), _WALL)
                if number in hidden
                else talking_image(number, num_people)
            )
            stored = np.ascontiguousarray(np.rot90(image, rotation_deg // 90)[:, :: -1 if is_mirrored else 1])
            frame = av.VideoFrame.from_ndarray(stored, format="rgb24").reformat(format=pixel_format, dst_colorspace=1)
            frame.pts, frame.time_base = round(time_s / TICK), TICK
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if voice is not None:
            _write_audio(file, voice, noise(float(times_s[-1]) + 0.04))
        if words is not None:
            _write_words(file, words)
    return path


def noise(seconds: float) -> np.ndarray:
    """Syllables of noise, int16 at 16 kHz: four a second."""
    samples = np.random.default_rng(1).normal(0, 3000, round(seconds * 16_000))
    place = np.arange(len(samples)) / 16_000
    return (samples * (np.sin(2 * np.pi * 4 * place) > 0)).astype(np.int16)


def make_audio(path: Path, seconds: float) -> str:
    """Write noise as an audio file."""
    soundfile.write(path, noise(seconds), 16_000)
    return str(path)


def decoded(path: Path) -> "list[av.VideoFrame]":
    """All frames of a video."""
    with av.open(str(path)) as file:
        return list(file.decode(video=0))


def numbers(frame: "av.VideoFrame") -> list[np.ndarray]:
    """The numbers of each plane of a frame."""
    kind = np.dtype(np.uint16 if frame.format.components[0].bits > 8 else np.uint8)
    return [np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width] for plane in frame.planes]


@functools.cache
def _portrait() -> np.ndarray:
    return astronaut_rgba()


def _write_audio(file: "av.container.OutputContainer", stream: "av.AudioStream", samples: np.ndarray) -> None:
    for start in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, start, Fraction(1, 16_000)
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def _write_words(file: "av.container.OutputContainer", stream: "av.stream.Stream") -> None:
    packet = av.Packet(b"words")
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = 200
    packet.duration = 500
    file.mux(packet)

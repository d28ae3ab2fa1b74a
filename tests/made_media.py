"""Small videos with known answers, made with PyAV: each frame shows its own number, each click is at a known time."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 160, 96
_BITS = 10  # frame number, as black and white bars across the image
TICK = Fraction(1, 90_000)

STORED_FROM_SHOWN: dict[tuple[int, int, int, int], Callable[[np.ndarray], np.ndarray]] = {
    (1, 0, 0, 1): lambda image: image,
    (-1, 0, 0, 1): np.fliplr,
    (1, 0, 0, -1): np.flipud,
    (-1, 0, 0, -1): lambda image: np.rot90(image, 2),
    (0, 1, -1, 0): np.rot90,
    (0, -1, 1, 0): lambda image: np.rot90(image, -1),
    (0, 1, 1, 0): lambda image: image.transpose(1, 0, 2),
    (0, -1, -1, 0): lambda image: np.rot90(image, 2).transpose(1, 0, 2),
}
"""The entries a, b, c, d of each display matrix (x' = a x + c y, y' = b x + d y) -> how an image is stored for it."""

_MATRIX_OF_ROTATION = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


@dataclass(frozen=True, kw_only=True)
class MadeAudio:
    """One audio stream: a quiet tone with clicks."""

    clicks_s: Sequence[float]  # times of the clicks on the video's timeline
    length_s: float = 3.0
    start_s: float = 0.0  # presentation time of the first sample
    rate_hz: int = 48_000
    layout: str = "mono"
    codec: str = "pcm_s16le"
    language: str = ""
    is_default: bool = False


def frame_image(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """RGB uint8 (height, width, 3): the number in vertical bars above, a moving square below."""
    image = np.full((height, width, 3), 90, np.uint8)
    for bit in range(_BITS):
        image[: height // 2, bit * width // _BITS : (bit + 1) * width // _BITS] = 230 if number >> bit & 1 else 20
    left = number * 5 % (width - height // 4)
    image[height * 5 // 8 : height * 7 // 8, left : left + height // 4] = (220, 60, 30)
    return image


def number_of(image: np.ndarray) -> int:
    """The frame number that an upright image shows."""
    height, width = image.shape[:2]
    centres = [(2 * bit + 1) * width // (2 * _BITS) for bit in range(_BITS)]
    return sum(
        int(image[height // 8 : height * 3 // 8, centre - 2 : centre + 2].mean() > 125) << bit
        for bit, centre in enumerate(centres)
    )


def steady_times(num_frames: int, rate: Fraction) -> list[Fraction]:
    """Presentation times of a constant rate."""
    return [Fraction(number) / rate for number in range(num_frames)]


def make_video(
    path: Path,
    times_s: Sequence[Fraction],
    *,
    audio_streams: Sequence[MadeAudio] = (),
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    rotation_deg: int = 0,
    display_matrix: tuple[int, int, int, int] | None = None,
    aspect: Fraction | None = None,
    container: str | None = None,
    cover_art: bool = False,
) -> Path:
    """Write a video whose frame k shows the number k at times_s[k].

    rotation_deg: clockwise turn a player applies. display_matrix: a key of STORED_FROM_SHOWN.
    """
    with av.open(os.fspath(path), "w", format=container) as file:
        image = _image_stream(file, codec, times_s, options or {"g": "25", "bf": "2"}, aspect) if times_s else None
        if rotation_deg:
            image.set_display_rotation(-rotation_deg)
            display_matrix = _MATRIX_OF_ROTATION[rotation_deg]
        elif display_matrix:
            a, b, c, d = (entry << 16 for entry in display_matrix)
            image.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30))
        streams = [_audio_stream(file, made) for made in audio_streams]
        cover = _cover_stream(file) if cover_art else None
        for made, stream in zip(audio_streams, streams, strict=True):
            _write_audio(file, stream, made)
        if image is not None:
            _write_images(file, image, times_s, display_matrix or (1, 0, 0, 1))
        if cover is not None:
            _write_images(file, cover, [Fraction(0)], (1, 0, 0, 1))
    return path


def make_plain_video(path: Path, num_frames: int = 75, rate: Fraction = Fraction(25), **settings: object) -> Path:
    """A video of constant rate; settings as in `make_video`."""
    return make_video(path, steady_times(num_frames, rate), **settings)


def cut_tail(path: Path, share: float, out: Path) -> Path:
    """The first `share` of a file's bytes."""
    content = path.read_bytes()
    out.write_bytes(content[: int(len(content) * share)])
    return out


def with_unknown_codec(path: Path, out: Path, codec: bytes = b"V_MPEG4/ISO/ASP") -> Path:
    """A Matroska file, one codec of which has a name that no decoder knows."""
    content = path.read_bytes()
    assert codec in content
    out.write_bytes(content.replace(codec, codec[:-1] + b"?"))
    return out


def damage_packets(path: Path, frames: Sequence[int], out: Path, kind: str = "video") -> Path:
    """The file with the packets of the given numbers, in file order, filled with noise but for their begin."""
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(0)
    with av.open(os.fspath(path)) as file:
        packets = [packet for packet in file.demux(file.streams.get(**{kind: 0})) if packet.size]
    for number in frames:
        packet = packets[number]
        first = packet.pos + packet.size // 4
        content[first : packet.pos + packet.size] = noise.bytes(packet.pos + packet.size - first)
    out.write_bytes(content)
    return out


def click_times_s(samples: np.ndarray, rate_hz: int = 16_000) -> list[float]:
    """Times of the clicks in int16 samples."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 8_000)
    starts = loud[np.r_[True, np.diff(loud) > rate_hz // 50]] if len(loud) else loud
    return [float(start / rate_hz) for start in starts]


def _image_stream(
    file: "av.container.OutputContainer",
    codec: str,
    times_s: Sequence[Fraction],
    options: dict[str, str],
    aspect: Fraction | None,
) -> "av.VideoStream":
    mean_rate = Fraction(len(times_s) - 1) / (times_s[-1] - times_s[0]) if len(times_s) > 1 else Fraction(25)
    stream = file.add_stream(codec, rate=mean_rate.limit_denominator(1001), options=options)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    if aspect is not None:
        stream.codec_context.sample_aspect_ratio = aspect
    if codec.startswith("libx26"):
        stream.codec_context.time_base = TICK
    return stream


def _audio_stream(file: "av.container.OutputContainer", audio: MadeAudio) -> "av.AudioStream":
    stream = file.add_stream(audio.codec, rate=audio.rate_hz, layout=audio.layout)
    if audio.language:
        stream.metadata["language"] = audio.language
    stream.disposition = av.stream.Disposition.default if audio.is_default else av.stream.Disposition(0)
    return stream


def _cover_stream(file: "av.container.OutputContainer") -> "av.VideoStream":
    stream = file.add_stream("mjpeg", rate=1)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
    stream.disposition = av.stream.Disposition.attached_pic
    return stream


def _write_images(
    file: "av.container.OutputContainer",
    stream: "av.VideoStream",
    times_s: Sequence[Fraction],
    display_matrix: tuple[int, int, int, int],
) -> None:
    time_base = stream.codec_context.time_base or 1 / stream.codec_context.framerate
    for number, time_s in enumerate(times_s):
        upright = frame_image(number, *((WIDTH, HEIGHT) if display_matrix[0] else (HEIGHT, WIDTH)))
        stored = np.ascontiguousarray(STORED_FROM_SHOWN[display_matrix](upright))
        frame = av.VideoFrame.from_ndarray(stored, format="rgb24").reformat(format=stream.pix_fmt)
        frame.pts, frame.time_base = round(time_s / time_base), time_base
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def _write_audio(file: "av.container.OutputContainer", stream: "av.AudioStream", audio: MadeAudio) -> None:
    samples = _tone_with_clicks(audio)
    channels = len(stream.codec_context.layout.channels)
    for start in range(0, len(samples), 1024):
        block = np.repeat(samples[start : start + 1024], channels)[None]
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout=audio.layout)
        frame.sample_rate, frame.time_base = audio.rate_hz, Fraction(1, audio.rate_hz)
        frame.pts = start + round(audio.start_s * audio.rate_hz)
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def _tone_with_clicks(audio: MadeAudio) -> np.ndarray:
    seconds = np.arange(int(audio.length_s * audio.rate_hz)) / audio.rate_hz
    samples = 300 * np.sin(2 * np.pi * 440 * seconds)
    for click_s in audio.clicks_s:
        first = round((click_s - audio.start_s) * audio.rate_hz)
        samples[first : first + audio.rate_hz // 200] = 20_000
    return samples.astype(np.int16)

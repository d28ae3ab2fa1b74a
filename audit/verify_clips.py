"""Every part of one clip decoded, and what can be derived from another part or from the clip's row compared with it."""

import io
from collections.abc import Callable, Iterator

import av
import numpy as np
import soundfile

from schemas import clip_parts
from schemas.clip_parts import PLACE_COLUMNS
from schemas.errors import IntegrityError
from schemas.stored.clip import Clip
from transforms.media.canonical import MESH_UNIT, five_points, mouth_opening
from transforms.media.fingerprint import clip_fingerprint, read_fingerprint
from transforms.media.mfcc import clip_mfcc

_MFCC_TOLERANCE, _PX_TOLERANCE, _TOLERANCE, _DB_TOLERANCE = 0.01, 0.01, 1e-3, 0.02  # between machines and rounding
_FULL_SCALE = 32767
_PIXELS = ("yuvj444p", "yuv444p", "yuvj420p", "yuv420p", "yuvj422p", "yuv422p")  # as FFmpeg names colour JPEGs


def clip_problems(clip: Clip, row: dict) -> Iterator[str]:
    """Faults of a clip's parts, given its row of the clips table."""
    yield from dict.fromkeys(_problems(clip, row))  # a part that cannot be decoded would be named by each of its checks


def _problems(clip: Clip, row: dict) -> Iterator[str]:
    where = f"clip {clip.key} in {clip.shard}"
    checks: tuple[Callable[[Clip, dict], Iterator[str]], ...] = (
        _row_problems,
        _text_problems,
        _audio_problems,
        _mfcc_problems,
        _mesh_problems,
        _fingerprint_problems,
        _landmark_problems,
        _align_problems,
        _face_problems,
    )
    for check in checks:
        try:
            for problem in check(clip, row):
                yield f"{where}: {problem}"
        except IntegrityError as error:
            yield str(error)


def _row_problems(clip: Clip, row: dict) -> Iterator[str]:
    """Columns of the row that KEY.json lacks, has besides, or gives other values."""
    stored, columns = clip.row, {name: value for name, value in row.items() if name not in PLACE_COLUMNS}
    if different := [name for name in columns if name in stored and not _is_same(columns[name], stored[name])]:
        yield f"its json and its row differ in {', '.join(different)}"
    if others := sorted(stored.keys() ^ columns.keys()):
        yield f"its json and its row do not both have {', '.join(others)}"


def _text_problems(clip: Clip, row: dict) -> Iterator[str]:
    if clip.text is not None and clip.text != row["text"]:
        yield f"its {clip_parts.TEXT} holds {clip.text!r}, but its row {row['text']!r}"


def _audio_problems(clip: Clip, row: dict) -> Iterator[str]:
    power = float(np.mean(clip.samples.astype(np.float64) ** 2)) if len(clip.samples) else 0.0
    info = soundfile.info(io.BytesIO(clip.parts[clip_parts.AUDIO]))
    if (info.format, info.subtype) != ("FLAC", "PCM_16"):
        yield f"flac is {info.format} {info.subtype}, not FLAC PCM_16"
    loudness = 10 * np.log10(max(power, 1e-2) / 32768.0**2)
    clipping = float((np.abs(clip.samples.astype(np.int32)) >= _FULL_SCALE).mean())
    yield from _measured(row, "loudness_dbfs", loudness, "flac", _DB_TOLERANCE)
    yield from _measured(row, "clipping_share", clipping, "flac")


def _mfcc_problems(clip: Clip, row: dict) -> Iterator[str]:
    yield from _stored_whole(clip, clip_parts.MFCC.name, clip.mfcc)
    if not np.allclose(clip.mfcc, clip_mfcc(clip.samples), rtol=_TOLERANCE, atol=_MFCC_TOLERANCE):
        yield "mfcc.npy is not that of its flac"


def _mesh_problems(clip: Clip, row: dict) -> Iterator[str]:
    yield from _stored_whole(clip, clip_parts.MESH.name, clip.mesh)
    opening = mouth_opening(clip.mesh.astype(np.float32) / MESH_UNIT)
    yield from _measured(row, "mouth_opening", float(opening.mean()), "mesh.npy")
    yield from _measured(row, "mouth_opening_sd", float(opening.std()), "mesh.npy")


def _fingerprint_problems(clip: Clip, row: dict) -> Iterator[str]:
    """A fingerprint that is not that of its parts; a step more or less in a number is rounding of another machine."""
    try:
        found = read_fingerprint(str(row.get("fingerprint")))
    except ValueError as error:
        yield f"its fingerprint cannot be read: {error}"
        return
    expected = read_fingerprint(clip_fingerprint(clip.samples, clip.mesh))
    for what, stored, derived in (("flac", found.audio, expected.audio), ("mesh.npy", found.lips, expected.lips)):
        if stored.shape != derived.shape or (np.abs(stored - derived) > 1).any():
            yield f"its fingerprint is not that of its {what}"


def _landmark_problems(clip: Clip, row: dict) -> Iterator[str]:
    yield from _stored_whole(clip, clip_parts.LANDMARKS.name, clip.landmarks)
    expected = five_points(clip.mesh.astype(np.float32)) * (clip.image_px / MESH_UNIT)
    if not np.allclose(clip.landmarks, expected, rtol=0, atol=_PX_TOLERANCE):
        yield "landmarks.npy are not those of its mesh.npy"


def _align_problems(clip: Clip, row: dict) -> Iterator[str]:
    yield from _stored_whole(clip, clip_parts.ALIGN.name, clip.align)
    if not np.isfinite(clip.align).all():
        yield "align.npy holds what is no number"
    elif not (np.abs(np.linalg.det(clip.align[:, :, :2].astype(np.float64))) > 1e-9).all():
        yield "align.npy holds a map without an inverse"


def _face_problems(clip: Clip, row: dict) -> Iterator[str]:
    """Faults of the JPEGs, each decoded strictly: OpenCV fills what is missing with grey, and says nothing."""
    for frame in range(clip.num_frames):
        size = _strict_size(clip.face_jpeg(frame))
        if isinstance(size, str):
            yield f"faces.mjpg: frame {frame} {size}"
        elif size != (clip.image_px, clip.image_px):
            yield f"faces.mjpg: frame {frame} has {size[0]} x {size[1]} px, not {clip.image_px}"


def _strict_size(jpeg: memoryview) -> tuple[int, int] | str:
    """Width and height of one colour JPEG, or what is wrong with it."""
    content = bytes(jpeg)
    if content[:2] != b"\xff\xd8" or content.find(b"\xff\xd9") != len(content) - 2:
        return "is not one whole JPEG"
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options, decoder.thread_count = {"err_detect": "explode"}, 1
    try:
        (image,) = decoder.decode(av.Packet(content))
    except (av.FFmpegError, ValueError) as error:
        return f"does not decode: {error}"
    return (image.width, image.height) if image.format.name in _PIXELS else f"is {image.format.name}, not in colour"


def _stored_whole(clip: Clip, part: str, array: np.ndarray) -> Iterator[str]:
    """Nothing may lie behind an array, and its header is the one that NumPy writes."""
    expected = io.BytesIO()
    np.save(expected, array, allow_pickle=False)
    if expected.getvalue() != clip.parts[part]:
        yield f"{part} holds more than its array"


def _measured(row: dict, column: str, value: float, part: str, tolerance: float = _TOLERANCE) -> Iterator[str]:
    """A column that was measured on a part. It is null or no number where the table's checks say so."""
    found = row.get(column)
    if isinstance(found, float) and not abs(found - value) <= tolerance:
        yield f"{column} is {found:g} in its row, but {value:g} by its {part}"


def _is_same(in_table: object, in_json: object) -> bool:
    """Whether two values are equal, numbers as the float32 that tables hold; true is not 1."""
    if isinstance(in_json, bool) or isinstance(in_table, bool):
        return in_table is in_json
    if isinstance(in_table, float) and isinstance(in_json, int | float):
        try:
            return bool(np.float32(in_table) == np.float32(in_json))
        except OverflowError:
            return False
    return in_table == in_json

"""Sheets to check by eye: frames of each source with face boxes, landmarks, verdicts and audio lags."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from audit.png import write_png
from audit.track_overlays import TrackOverlay, overlays_by_source
from schemas.clock import FRAME_RATE, source_frame_of
from schemas.errors import DamagedMedia, MediaError, StorageError
from schemas.stored.confined import confined_name
from schemas.stored.tables import stored_table
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media
from transforms.media.source_names import named_text

_STORED, _DROPPED, _UNSURE, _INTERPOLATED = (60, 220, 60), (235, 85, 75), (255, 150, 40), (240, 220, 60)  # RGB
_UNSURE_RULE = "min_probability"  # drops tracks of which the sync network cannot tell whether they speak
_WIDTH_PX = 640  # of one frame in a sheet
_LINE_PX = 17


def _call(uri: str, function: Callable[..., np.ndarray], *arguments: object) -> np.ndarray:
    return function(*arguments)


def draw_overlays(
    dataset: str,
    folder: Path,
    num_frames: int,
    local_path: Callable[[str], str],
    call: Callable[..., np.ndarray] = _call,
) -> Iterator[tuple[str, Path | MediaError]]:
    """Draw one sheet per source into the folder; yields its name, and the PNG or the error that reading it gave.

    local_path: name of a source -> path of a file on this machine, or a MediaError.
    call(name, function, *arguments): calls the function that reads the source, in this process or in another.
    StorageError: the folder cannot be written. IntegrityError: a source's id can name no file.
    """
    rows = stored_table(dataset, "sources", ["source_id", "video_stream"]).to_pylist()
    video_streams = {row["source_id"]: row["video_stream"] for row in rows}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make the folder {folder}: {error.strerror}; choose another --output") from error
    for (source_id, uri), tracks in overlays_by_source(dataset).items():
        path = folder / f"{confined_name(source_id, dataset)}.png"
        place = ""
        try:
            place = local_path(uri)
            sheet = call(uri, overlay_sheet, place, tracks, num_frames, video_streams[source_id])
        except MediaError as error:
            yield uri, type(error)(named_text(str(error), (place,), uri))
            continue
        yield uri, write_png(path, sheet)


def overlay_sheet(uri: str, tracks: list[TrackOverlay], num_frames: int, video_stream: int = -1) -> np.ndarray:
    """Frames of a source side by side, RGB, its tracks drawn in the colours that `talkshard overlay --help` names."""
    probe, timeline = probe_media(uri, LimitsConfig(), AudioConfig(), video_stream)
    assert timeline is not None  # a source with tracks has a video stream
    last = max(track.end_frame for track in tracks)
    frames = np.unique(np.linspace(0, last - 1, num_frames + 2).astype(int)[1:-1])
    source_frames = source_frame_of(timeline.presentation_ticks, timeline.time_base, last)[frames]
    with FrameReader(uri, probe, timeline) as reader:
        images = [(int(frames[position]), rgb) for position, rgb in reader.frames(source_frames) if rgb is not None]
    if not images:
        raise DamagedMedia(f"{uri!r}: none of the {len(frames)} frames to draw can be decoded")
    return np.hstack([_draw_frame(rgb, frame, tracks) for frame, rgb in images])


def _draw_frame(rgb: np.ndarray, frame: int, tracks: list[TrackOverlay]) -> np.ndarray:
    scale = _WIDTH_PX / rgb.shape[1]
    image = cv2.resize(rgb, (_WIDTH_PX, round(rgb.shape[0] * scale)), interpolation=cv2.INTER_AREA)
    for track in tracks:
        if track.start_frame <= frame < track.end_frame:
            _draw_track(image, track, frame, scale)
    _draw_text(image, f"{frame / FRAME_RATE:.2f} s", 6, image.shape[0] - 8, (255, 255, 255))
    return image


def _draw_track(image: np.ndarray, track: TrackOverlay, frame: int, scale: float) -> None:
    index = frame - track.start_frame
    x1, y1, x2, y2 = (round(value * scale) for value in track.boxes_xyxy[index])
    is_stored = frame in track.landmarks
    colour = _STORED if is_stored else _UNSURE if track.dropped_by == _UNSURE_RULE else _DROPPED
    cv2.rectangle(image, (x1, y1), (x2, y2), _INTERPOLATED if track.interpolated[index] else colour, 2)
    for x, y in track.landmarks.get(frame, ()):
        cv2.circle(image, (round(float(x) * scale), round(float(y) * scale)), 2, colour, -1, cv2.LINE_AA)
    verdict = "in a clip" if is_stored else f"dropped by {track.dropped_by}" if track.dropped_by else "not in a clip"
    top = y1 - _LINE_PX - 6 if y1 > 2 * _LINE_PX + 6 else min(y2 + _LINE_PX, image.shape[0] - 3 * _LINE_PX)
    for line, text in enumerate((f"{track.label} {verdict}", track.measured)):
        _draw_text(image, text, x1, top + line * _LINE_PX, colour)


def _draw_text(image: np.ndarray, text: str, x: int, y: int, colour: tuple[int, int, int]) -> None:
    """Draw text on a dark background, moved so that it lies inside the image."""
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)
    x = max(2, min(x, image.shape[1] - width - 4))
    cv2.rectangle(image, (x - 2, y - height - 2), (x + width + 2, y + below), (20, 20, 20), -1)
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)

"""Pictures to check by eye: frames of each source with boxes, landmarks, who speaks and how late the sound is."""
import argparse
from pathlib import Path

import cv2
import duckdb
import numpy as np

from schemas.clock import FRAME_RATE, source_frame_of
from schemas.errors import MediaError
from transforms.media.config import LimitsConfig, SoundConfig
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media

_SPEAKS, _SILENT, _INTERPOLATED = (60, 220, 60), (230, 80, 60), (240, 200, 40)  # RGB
_WIDTH = 640  # px of one frame in a sheet


def main(words: list[str], program: str) -> int:
    """Draw one sheet a source; returns 0."""
    parser = argparse.ArgumentParser(prog=program, description="Draw what was found over frames of each source.")
    parser.add_argument("dataset", help="folder that `talkshard build` wrote")
    parser.add_argument("--output", required=True, help="folder for the PNGs")
    parser.add_argument("--frames", type=int, default=4, help="frames a source (default 4)")
    options = parser.parse_args(words)
    Path(options.output).mkdir(parents=True, exist_ok=True)
    for source_id, uri, rows in tracks_by_source(options.dataset):
        path = Path(options.output, f"{source_id}.png")
        try:
            sheet = overlay_sheet(uri, rows, options.frames)
        except MediaError as error:
            print(f"{program}: {error}")
            continue
        cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
        print(f"{path}  {uri}")
    return 0


def tracks_by_source(dataset: str) -> list[tuple[str, str, list[dict]]]:
    """(source id, uri, rows of its tracks) of every source that has tracks."""
    question = f"""
        select s.uris[1] as uri, t.* from '{dataset}/manifests/tracks/*.parquet' t
        join '{dataset}/manifests/sources/*.parquet' s using (source_id) order by s.source_id, t.track_id"""
    table = duckdb.sql(question).to_arrow_table().to_pylist()
    grouped: dict[str, tuple[str, str, list[dict]]] = {}
    for row in table:
        grouped.setdefault(row["source_id"], (row["source_id"], row["uri"], []))[2].append(row)
    return list(grouped.values())


def overlay_sheet(uri: str, rows: list[dict], num_frames: int) -> np.ndarray:
    """Frames of a source side by side, RGB, its tracks drawn: green speaks, red does not, yellow is interpolated."""
    probe, timeline = probe_media(uri, LimitsConfig(), SoundConfig())
    last = max(row["end_frame"] for row in rows)
    frames = np.unique(np.linspace(0, last - 1, num_frames + 2).astype(int)[1:-1])
    source_frames = source_frame_of(timeline.presentation_ticks, timeline.time_base, last)[frames]
    with FrameReader(uri, probe, timeline) as reader:
        pictures = [(int(frames[position]), rgb) for position, rgb in reader.frames(source_frames) if rgb is not None]
    return np.hstack([_drawn(rgb, frame, rows) for frame, rgb in pictures])


def _drawn(rgb: np.ndarray, frame: int, rows: list[dict]) -> np.ndarray:
    scale = _WIDTH / rgb.shape[1]
    picture = cv2.resize(rgb, (_WIDTH, round(rgb.shape[0] * scale)), interpolation=cv2.INTER_AREA)
    for row in rows:
        if not row["start_frame"] <= frame < row["end_frame"]:
            continue
        place = frame - row["start_frame"]
        x1, y1, x2, y2 = (round(value * scale) for value in row["boxes_xyxy"][place])
        colour = _INTERPOLATED if row["interpolated"][place] else _SPEAKS if row["active_share"] > 0 else _SILENT
        cv2.rectangle(picture, (x1, y1), (x2, y2), colour, 2)
        cv2.putText(picture, _said(row), (max(0, x1 - 20), max(12, y1 - 6)), cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1,
                    cv2.LINE_AA)
    cv2.putText(picture, f"{frame / FRAME_RATE:.2f} s", (6, picture.shape[0] - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.45,
                (255, 255, 255), 1, cv2.LINE_AA)
    return picture


def _said(row: dict) -> str:
    number = row["track_id"].rsplit("-", 1)[1]
    if row["sync_confidence"] is None:
        return f"{number} not judged"
    return (f"{number} lag {row['audio_lag_frames']:+.1f} conf {row['sync_confidence']:.2f} "
            f"speaks {100 * row['active_share']:.0f}%")

"""What a dataset says about the tracks of each source, as the overlay draws it."""

from dataclasses import dataclass

import numpy as np

from schemas.stored.clip import Clip, open_rows
from schemas.stored.tables import stored_table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackOverlay:
    """What is drawn of one track."""

    label: str  # window and track in the source, as in "w0 t1"
    start_frame: int
    end_frame: int
    boxes_xyxy: list[list[float]]  # of each frame, source px
    interpolated: list[bool]
    dropped_by: str  # rule; empty: kept
    measured: str  # lag with its error, then probability or confidence
    landmarks: dict[int, np.ndarray]  # timeline frame of a stored clip -> float32 (5, 2), source px


def overlays_by_source(dataset: str) -> dict[tuple[str, str], list[TrackOverlay]]:
    """(source id, uri) -> its tracks, for every source that has tracks."""
    sources = stored_table(dataset, "sources", ["source_id", "uris"]).to_pylist()
    decisions = stored_table(dataset, "decisions", ["subject_id", "rule", "kept"]).to_pylist()
    landmarks = _landmarks_by_track(dataset)
    uris = {row["source_id"]: row["uris"][0] for row in sources}
    dropped_by = {row["subject_id"]: row["rule"] for row in decisions if not row["kept"]}
    found: dict[tuple[str, str], list[TrackOverlay]] = {}
    for track in stored_table(dataset, "tracks").to_pylist():
        track_id, source_id = track["track_id"], track["source_id"]
        overlay = _overlay(track, dropped_by.get(track_id, ""), landmarks.get(track_id, {}))
        found.setdefault((source_id, uris[source_id]), []).append(overlay)
    return found


def measured_text(track: dict) -> str:
    """Lag and probability, or confidence, from a row of the tracks table: short enough for an image."""
    if track["audio_lag_frames"] is None:
        return "not judged"
    lag = f"lag {track['audio_lag_frames']:+.1f}+-{track['audio_lag_se_frames']:.1f}"
    if track["sync_probability"] is None:
        return f"{lag} conf {track['sync_confidence']:.2f}"
    return f"{lag} p {track['sync_probability']:.2f}"


def _overlay(track: dict, dropped_by: str, landmarks: dict[int, np.ndarray]) -> TrackOverlay:
    return TrackOverlay(
        label=" ".join(f"{part[0]}{int(part[1:])}" for part in track["track_id"].split("-")[1:]),
        start_frame=track["start_frame"],
        end_frame=track["end_frame"],
        boxes_xyxy=track["boxes_xyxy"],
        interpolated=track["interpolated"],
        dropped_by=dropped_by,
        measured=measured_text(track),
        landmarks=landmarks,
    )


def _landmarks_by_track(dataset: str) -> dict[str, dict[int, np.ndarray]]:
    """Track id -> timeline frame -> landmarks in source px, of every clip whose shard is there."""
    clips = stored_table(dataset, "clips")
    row_of = {row["key"]: row for row in clips.select(["key", "track_id", "start_frame"]).to_pylist()}
    found: dict[str, dict[int, np.ndarray]] = {}
    for clip in open_rows(dataset, clips):
        row = row_of[clip.key]
        points = {row["start_frame"] + frame: points for frame, points in enumerate(_source_landmarks(clip))}
        found.setdefault(row["track_id"], {}).update(points)
    return found


def _source_landmarks(clip: Clip) -> np.ndarray:
    """Landmarks of a clip's T frames, moved from the stored face to the source image: float32 (T, 5, 2), px."""
    align = clip.align
    return np.einsum("tij,tpj->tpi", align[:, :, :2], clip.landmarks) + align[:, None, :, 2]

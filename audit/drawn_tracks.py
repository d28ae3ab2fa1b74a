"""What a dataset says about the tracks of each source, as the overlay draws it."""

import io
import tarfile
from dataclasses import dataclass

import numpy as np

from schemas.stored.tables import has_object, read_object, stored_table


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnTrack:
    """One face of one source."""

    number: str  # in its source: window and track, like w0 t1
    start_frame: int
    end_frame: int
    boxes_xyxy: list[list[float]]  # of each frame, source px
    interpolated: list[bool]
    dropped_by: str  # rule; empty: kept
    measured: str  # lag with its error, probability or confidence
    stored: dict[int, np.ndarray]  # timeline frame of a stored clip -> landmarks float32 (5, 2), source px


def tracks_by_source(dataset: str) -> dict[tuple[str, str], list[DrawnTrack]]:
    """(source id, uri) -> its tracks, of every source that has tracks."""
    sources = stored_table(dataset, "sources", ["source_id", "uris"]).to_pylist()
    decisions = stored_table(dataset, "decisions", ["subject_id", "rule", "kept"]).to_pylist()
    clips: dict[str, list[dict]] = {}
    for clip in stored_table(dataset, "clips").to_pylist():
        clips.setdefault(clip["track_id"], []).append(clip)
    uris = {row["source_id"]: row["uris"][0] for row in sources}
    dropped_by = {row["subject_id"]: row["rule"] for row in decisions if not row["kept"]}
    found: dict[tuple[str, str], list[DrawnTrack]] = {}
    for track in stored_table(dataset, "tracks").to_pylist():
        name, source_id = track["track_id"], track["source_id"]
        stored = _stored_landmarks(dataset, clips.get(name, []))
        drawn = _drawn_track(track, dropped_by.get(name, ""), stored)
        found.setdefault((source_id, uris[source_id]), []).append(drawn)
    return found


def measured_text(track: dict) -> str:
    """Lag and how surely the face makes the audio, of a row of tracks: short enough for an image."""
    if track["audio_lag_frames"] is None:
        return "not judged"
    lag = f"lag {track['audio_lag_frames']:+.1f}+-{track['audio_lag_se_frames']:.1f}"
    if track["sync_probability"] is None:
        return f"{lag} conf {track['sync_confidence']:.2f}"
    return f"{lag} p {track['sync_probability']:.2f}"


def _drawn_track(track: dict, dropped_by: str, stored: dict[int, np.ndarray]) -> DrawnTrack:
    told = {name: track[name] for name in ("start_frame", "end_frame", "boxes_xyxy", "interpolated")}
    number = " ".join(f"{part[0]}{int(part[1:])}" for part in track["track_id"].split("-")[1:])
    return DrawnTrack(number=number, dropped_by=dropped_by, measured=measured_text(track), stored=stored, **told)


def _stored_landmarks(dataset: str, clips: list[dict]) -> dict[int, np.ndarray]:
    """Timeline frame -> landmarks of the clips in source px; none of clips whose shard is not there."""
    found = {}
    for clip in clips:
        if has_object(dataset, clip["shard"]):
            members = read_object(dataset, clip["shard"], clip["tar_offset"], clip["tar_length"])
            points = _source_landmarks(members, clip["key"])
            found |= {clip["start_frame"] + frame: point for frame, point in enumerate(points)}
    return found


def _source_landmarks(members: bytes, key: str) -> np.ndarray:
    """Landmarks of a clip's T frames, float32 (T, 5, 2), moved from the aligned face to the source image."""
    # A clip's range holds whole members but not the shard's end mark: tarfile reads it as it is.
    with tarfile.open(fileobj=io.BytesIO(members), mode="r:") as archive:
        landmarks, align = (
            np.load(io.BytesIO(archive.extractfile(f"{key}.{part}.npy").read())) for part in ("landmarks", "align")
        )
    return np.einsum("tij,tpj->tpi", align[:, :, :2], landmarks) + align[:, None, :, 2]

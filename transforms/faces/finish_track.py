"""From a track's observations to its face tube and its row: gaps interpolated and marked, the alignment smoothed."""

from dataclasses import replace
from typing import TypedDict

import numpy as np
import scipy

from schemas.sync_result import track_sync_columns
from schemas.tables import TrackRow
from transforms.faces.live_track import LiveTrack
from transforms.media.canonical import CanonicalFace, align_mesh, five_points, head_pose_deg, mouth_opening
from transforms.media.face_crop import FaceCrop, decode_jpeg, sharpness
from transforms.media.mouth_visibility import mouth_visibility
from transforms.media.tubes import FaceTube

_SHARPNESS_EVERY = 10  # frames


class _AudioColumns(TypedDict):
    audio_rate_correction: float
    drift_frames_per_minute: None
    drift_se_frames_per_minute: None
    stretch_middle_frames: tuple[float, ...]
    stretch_lags_frames: tuple[float, ...]
    stretch_lag_se_frames: tuple[float, ...]
    active_share: float
    voiced_share: float


_WITHOUT_AUDIO: _AudioColumns = {
    "audio_rate_correction": 1.0,
    "drift_frames_per_minute": None,
    "drift_se_frames_per_minute": None,
    "stretch_middle_frames": (),
    "stretch_lags_frames": (),
    "stretch_lag_se_frames": (),
    "active_share": 0.0,
    "voiced_share": 0.0,
}
"""Columns that FindSpeakers fills in, besides those of the sync result."""


def finish_tube(track: LiveTrack, canonical: CanonicalFace, smoothing_frames: int) -> tuple[FaceTube, np.ndarray]:
    """Face tube of a track with meshes, and the mesh of every frame in source px, float32 (T, 468, 3)."""
    observed, frames = _observed_and_all(track)
    mesh = _interpolate(frames, observed, np.stack([track.mesh_at(frame) for frame in observed]))
    align = canonical.fit(smooth(five_points(mesh)[:, :3], smoothing_frames))
    crops = _crops(track, frames)
    unseen = FaceTube(
        boxes_xyxy=np.concatenate([mesh[..., :2].min(1), mesh[..., :2].max(1)], 1).astype(np.float32),
        interpolated=~np.isin(frames, observed),
        mesh=align_mesh(mesh, align, canonical.image_px),
        align=align.astype(np.float32),
        crop_to_source=np.stack([crop.to_source for crop in crops]).astype(np.float32),
        mouth_visibility=np.zeros(len(frames), np.float32),
        crops_jpeg=np.frombuffer(b"".join(crop.jpeg for crop in crops), np.uint8),
        crops_index=np.cumsum([0, *(len(crop.jpeg) for crop in crops)]).astype(np.uint32),
    )
    return replace(unseen, mouth_visibility=mouth_visibility(unseen, canonical)), mesh


def smooth(points: np.ndarray, num_frames: int) -> np.ndarray:
    """Savitzky-Golay over time, quadratic, zero phase: a still head stays still, a turning head does not lag.

    points: (T, ...). At the ends the polynomial is fitted to fewer points, nothing is padded. Fewer than 5 frames stay
    as they are.
    """
    length = min(num_frames, len(points) - 1 + len(points) % 2)
    return scipy.signal.savgol_filter(points, length, 2, axis=0, mode="interp") if length >= 5 else points


def boxes_of(track: LiveTrack) -> tuple[np.ndarray, np.ndarray]:
    """Box of every frame, float32 (T, 4), and whether it was interpolated, bool (T,)."""
    observed, frames = _observed_and_all(track)
    boxes = _interpolate(frames, observed, np.stack([track.observations[frame].box_xyxy for frame in observed]))
    return boxes.astype(np.float32), ~np.isin(frames, observed)


def track_row(
    *,
    track: LiveTrack,
    end_rule: str,
    track_id: str,
    source_id: str,
    window_index: int,
    tube: FaceTube | None,
    mesh: np.ndarray | None,
) -> TrackRow:
    """The track's row, as far as it is known without its audio."""
    boxes, interpolated = boxes_of(track)
    median_box = np.median(boxes, axis=0)
    pose = np.median(head_pose_deg(mesh), axis=0) if mesh is not None else np.zeros(3)
    sides = (boxes[:, 2:] - boxes[:, :2]).min(1)
    return TrackRow(
        track_id=track_id,
        track_chain_id=track_id,
        source_id=source_id,
        window_index=window_index,
        start_frame=track.start_frame,
        end_frame=track.start_frame + len(boxes),
        end_rule=end_rule,
        box_xyxy=_floats(median_box),
        boxes_xyxy=tuple(_floats(box) for box in boxes),
        interpolated=tuple(bool(value) for value in interpolated),
        face_source_px=float(np.median(sides)),
        detector_score=float(np.median(list(track.scores.values()))),
        mesh_presence=float(np.median([observation.presence for observation in track.observations.values()])),
        sharpness=_sharpness(tube),
        yaw_deg=float(pose[0]),
        pitch_deg=float(pose[1]),
        roll_deg=float(pose[2]),
        mouth_opening=float(mouth_opening(mesh).mean()) if mesh is not None else 0.0,
        mouth_visibility=float(tube.mouth_visibility.mean()) if tube is not None else None,
        **track_sync_columns(None),
        **_WITHOUT_AUDIO,
        face_embedding=(),  # FindPeople has them
    )


def _observed_and_all(track: LiveTrack) -> tuple[np.ndarray, np.ndarray]:
    """Frames with an observation, and all frames of the track."""
    observed = np.array(list(track.observations))
    return observed, np.arange(track.start_frame, observed[-1] + 1)


def _interpolate(frames: np.ndarray, observed: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values at every frame, linear between the observed ones."""
    after = np.clip(np.searchsorted(observed, frames), 0, len(observed) - 1)
    before = np.clip(np.searchsorted(observed, frames, side="right") - 1, 0, len(observed) - 1)
    span = np.maximum(observed[after] - observed[before], 1)
    share = ((frames - observed[before]) / span).reshape(-1, *[1] * (values.ndim - 1))
    return (values[before] * (1 - share) + values[after] * share).astype(np.float32)


def _crops(track: LiveTrack, frames: np.ndarray) -> list[FaceCrop]:
    """Cut-out of every frame; a frame that could not be decoded repeats the one before."""
    crops, last = [], next(iter(track.crops.values()))
    for frame in frames:
        last = track.crops.get(int(frame), last)
        crops.append(last)
    return crops


def _sharpness(tube: FaceTube | None) -> float:
    """Median over every tenth frame; 0 without a tube."""
    if tube is None:
        return 0.0
    values = []
    for frame in range(0, len(tube.boxes_xyxy), _SHARPNESS_EVERY):
        image = decode_jpeg(tube.crops_jpeg[tube.crops_index[frame] : tube.crops_index[frame + 1]])
        edge = len(image) // 6  # the cut-out is 1.5 times as wide as the face
        values.append(sharpness(image[edge : len(image) - edge, edge : len(image) - edge]))
    return float(np.median(values))


def _floats(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in np.asarray(values, np.float32))

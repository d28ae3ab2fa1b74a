"""From what was seen of a face to its tube and its row: gaps bridged and marked, the alignment smoothed."""

import numpy as np
from scipy.signal import savgol_filter

from schemas.tables import TrackRow
from transforms.faces.live_track import LiveTrack
from transforms.media.canonical import CanonicalFace, align_mesh, five_points, head_pose_deg, mouth_opening
from transforms.media.face_crop import decode_jpeg, sharpness
from transforms.media.tubes import FaceTube

_SHARPNESS_EVERY = 10  # frames


def finish_tube(track: LiveTrack, canonical: CanonicalFace, smoothing_frames: int) -> tuple[FaceTube, np.ndarray]:
    """Tube of a track with a mesh, and its mesh in source px, float32 (T, 468, 3)."""
    seen, frames = _seen_and_all(track)
    mesh = _bridge(frames, seen, np.stack([track.observations[frame].mesh for frame in seen]))
    align = canonical.fit(smooth(five_points(mesh)[:, :3], smoothing_frames))
    crops = _crops(track, frames)
    tube = FaceTube(
        boxes_xyxy=np.concatenate([mesh[..., :2].min(1), mesh[..., :2].max(1)], 1).astype(np.float32),
        interpolated=~np.isin(frames, seen),
        mesh=align_mesh(mesh, align, canonical.image_px),
        align=align.astype(np.float32),
        crop_to_source=np.stack([crop.to_source for crop in crops]).astype(np.float32),
        crops_jpeg=np.frombuffer(b"".join(crop.jpeg for crop in crops), np.uint8),
        crops_index=np.cumsum([0, *(len(crop.jpeg) for crop in crops)]).astype(np.uint32),
    )
    return tube, mesh


def smooth(points: np.ndarray, num_frames: int) -> np.ndarray:
    """Savitzky-Golay over time, quadratic, zero phase: a still head stays still, a turning head does not lag.

    points: (T, ...). Near the ends the window is fitted, not padded; a track shorter than 5 frames stays as it is.
    """
    length = min(num_frames, len(points) - 1 + len(points) % 2)
    return savgol_filter(points, length, 2, axis=0, mode="interp") if length >= 5 else points


def boxes_of(track: LiveTrack) -> tuple[np.ndarray, np.ndarray]:
    """Box of every frame, float32 (T, 4), and whether it was interpolated, bool (T,)."""
    seen, frames = _seen_and_all(track)
    boxes = _bridge(frames, seen, np.stack([track.observations[frame].box_xyxy for frame in seen]))
    return boxes.astype(np.float32), ~np.isin(frames, seen)


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
    """What is known of a track before its audio is heard."""
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
        detector_score=float(np.median(track.scores)),
        mesh_presence=float(np.median([sighting.presence for sighting in track.observations.values()])),
        sharpness=_sharpness(tube),
        yaw_deg=float(pose[0]),
        pitch_deg=float(pose[1]),
        roll_deg=float(pose[2]),
        mouth_opening=float(mouth_opening(mesh).mean()) if mesh is not None else 0.0,
        sync_curve=(),
        audio_lag_frames=None,
        audio_lag_se_frames=None,
        sync_probability=None,
        sync_margin=None,
        sync_confidence=None,
        lse_d=None,
        lse_c=None,
        drift_frames_per_minute=None,
        drift_se_frames_per_minute=None,
        stretch_middle_frames=(),
        stretch_lags_frames=(),
        stretch_lag_se_frames=(),
        active_share=0.0,
        voiced_share=0.0,
        face_embedding=_floats(track.embedding),
    )


def _seen_and_all(track: LiveTrack) -> tuple[np.ndarray, np.ndarray]:
    seen = np.array(list(track.observations))
    return seen, np.arange(track.start_frame, seen[-1] + 1)


def _bridge(frames: np.ndarray, seen: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values at every frame, linear between those that were seen."""
    after = np.clip(np.searchsorted(seen, frames), 0, len(seen) - 1)
    before = np.clip(np.searchsorted(seen, frames, side="right") - 1, 0, len(seen) - 1)
    span = np.maximum(seen[after] - seen[before], 1)
    share = ((frames - seen[before]) / span).reshape(-1, *[1] * (values.ndim - 1))
    return (values[before] * (1 - share) + values[after] * share).astype(np.float32)


def _crops(track: LiveTrack, frames: np.ndarray) -> list:
    """Cut-out of every frame; a frame whose image was damaged borrows the one before."""
    crops, last = [], next(iter(track.crops.values()))
    for frame in frames:
        last = track.crops.get(int(frame), last)
        crops.append(last)
    return crops


def _sharpness(tube: FaceTube | None) -> float:
    if tube is None:
        return 0.0
    values = []
    for frame in range(0, len(tube.boxes_xyxy), _SHARPNESS_EVERY):
        image = decode_jpeg(tube.crops_jpeg[tube.crops_index[frame] : tube.crops_index[frame + 1]])
        edge = len(image) // 6  # the cut-out reaches 1.5 times the face
        values.append(sharpness(image[edge : len(image) - edge, edge : len(image) - edge]))
    return float(np.median(values))


def _floats(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in np.asarray(values, np.float32))

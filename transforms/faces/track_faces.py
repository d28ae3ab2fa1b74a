"""All faces of one window: the plain twin of TrackFaces."""

from collections.abc import Iterable

import numpy as np

from schemas.errors import DamagedMedia
from schemas.records import FaceTrack, Window, WindowFaces
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.detections import FaceDetector
from transforms.faces.face_tracker import FaceTracker, tracks_of
from transforms.faces.finish_track import finish_tube, track_row
from transforms.faces.live_track import LiveTrack
from transforms.faces.mesh import FaceMesh
from transforms.faces.stopwatch import Stopwatch
from transforms.media.canonical import CanonicalFace
from transforms.media.tubes import FaceTube


def track_faces(
    *,
    window: Window,
    images: Iterable[tuple[int, np.ndarray | None]],
    detector: FaceDetector,
    mesh: FaceMesh,
    config: FacesConfig,
    canonical: CanonicalFace,
    damaged_share: float,
    stopwatch: Stopwatch,
    tube_uri: str,
) -> tuple[WindowFaces, dict[str, FaceTube]]:
    """Face tracks of a window, and their tubes by track name.

    images: (timeline frame, RGB uint8 (H, W, 3) or None where it could not be decoded), in order. Raises DamagedMedia
    when more than `damaged_share` of them are None.
    """
    video = window.video.probe.used_video
    tracker = FaceTracker(detector, mesh, config, canonical, stopwatch)
    end_rule = "source_end" if window.is_last else "window_edge"
    ended, num_damaged = tracks_of(images, tracker, window.end_frame, end_rule)
    _require_decoded(window, num_damaged, damaged_share)
    tracks, tubes = [], {}
    with stopwatch("tube"):
        for number, (live, rule) in enumerate(ended):
            track, tube = _finish(window, number, live, rule, canonical, config.smoothing_frames)
            tracks.append(track)
            if tube is not None:
                tubes[track.name] = tube
    return WindowFaces(
        window=window,
        tube_uri=tube_uri if tubes else "",
        tracks=tuple(tracks),
        detector=detector.name,
        detector_sha256=detector.sha256,
        mesh_sha256=mesh.sha256,
        damaged_frames=num_damaged,
        smallest_face_px=detector.smallest_face_px(video.width, video.height),
        work_msec=stopwatch.milliseconds(),
    ), tubes


def _require_decoded(window: Window, num_damaged: int, damaged_share: float) -> None:
    num_frames = window.end_frame - window.start_frame
    if num_damaged > damaged_share * num_frames:
        raise DamagedMedia(
            f"'{window.video.source.stored_name}': {num_damaged} of {num_frames} frames of window "
            f"{window.index} cannot be decoded, more than limits.damaged_share = {damaged_share} allows"
        )


def _finish(
    window: Window, number: int, live: LiveTrack, end_rule: str, canonical: CanonicalFace, smoothing_frames: int
) -> tuple[FaceTrack, FaceTube | None]:
    name = f"t{number:03d}"
    track_id = f"{window.window_id}-{name}"
    tube, mesh = finish_tube(live, canonical, smoothing_frames) if live.has_mesh else (None, None)
    live.crops.clear()  # the tube holds them; of a crowd they are most of the memory
    row = track_row(
        track=live,
        end_rule=end_rule,
        track_id=track_id,
        source_id=window.video.source.source_id,
        window_index=window.index,
        tube=tube,
        mesh=mesh,
    )
    return FaceTrack(
        track_id=track_id,
        name=name,
        start_frame=row.start_frame,
        end_frame=row.end_frame,
        end_rule=end_rule,
        has_mesh=live.has_mesh,
        row=row,
        size_rank=live.size_rank,
    ), tube

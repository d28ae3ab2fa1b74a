"""Follow every face through the images of one window: detection now and then, the mesh from frame to frame."""

from collections.abc import Iterable

import numpy as np

from transforms.faces.association import assign
from transforms.faces.config import FacesConfig
from transforms.faces.cuts import CutFinder
from transforms.faces.detectors.centerface import Detections, FaceDetector
from transforms.faces.live_track import LiveTrack
from transforms.faces.mesh import FaceMesh, FaceRegion, region_of_detection, region_of_mesh
from transforms.faces.stopwatch import Stopwatch
from transforms.media.boxes import iou_matrix
from transforms.media.canonical import CanonicalFace
from transforms.media.face_crop import cut_face, face_square

_MAX_UNCONFIRMED_ROUNDS = 3  # detections in a row that do not see a followed face: the mesh has drifted off
_SAME_FACE_IOU = 0.6  # two tracks that overlap more follow one face


class FaceFollower:
    """State of one window. Feed images in order with `look`; `finish` returns the tracks."""

    def __init__(
        self,
        detector: FaceDetector,
        mesh: FaceMesh,
        config: FacesConfig,
        canonical: CanonicalFace,
        stopwatch: Stopwatch,
    ) -> None:
        self._detector, self._mesh, self._config, self._canonical = detector, mesh, config, canonical
        self._cuts, self._watch = CutFinder(config.cut_threshold), stopwatch
        self._live: list[LiveTrack] = []
        self._ended: list[tuple[LiveTrack, str]] = []
        self._last_detection = -config.detect_every

    def look(self, frame: int, rgb: np.ndarray | None) -> None:
        """Take the image of one timeline frame; None is an image that could not be decoded."""
        if rgb is None:
            self._end_lost(frame)
            return
        with self._watch("cuts"):
            is_cut = self._cuts.is_cut(rgb)
        if is_cut:
            self._end_all(frame, "cut")
        with self._watch("mesh"):
            for track in self._live:
                if track.has_mesh:
                    self._locate(track, frame, rgb, region_of_mesh(track.last.mesh))
        if is_cut or self._wants_detection(frame):
            self._detect(frame, rgb)
        self._end_doubles(frame)
        self._end_lost(frame)
        with self._watch("tube"):
            self._cut_faces(frame, rgb)

    def finish(self, end_frame: int, end_rule: str) -> list[tuple[LiveTrack, str]]:
        """End what is still followed; all tracks with their end rule, by first frame, then from left to right."""
        self._end_all(end_frame, end_rule)
        return sorted(self._ended, key=lambda ended: (ended[0].start_frame, *_first_box(ended[0])))

    def _locate(self, track: LiveTrack, frame: int, rgb: np.ndarray, region: FaceRegion) -> bool:
        mesh, presence = self._mesh.locate(rgb, region)
        seen = presence >= self._config.mesh_presence and np.isfinite(mesh).all()
        if seen:
            track.see(frame, None, mesh, presence)
        return seen

    def _wants_detection(self, frame: int) -> bool:
        since = frame - self._last_detection
        missed = any(track.has_mesh and track.last_frame != frame for track in self._live)
        boxes_only = any(not track.has_mesh for track in self._live)
        return (
            since >= self._config.detect_every
            or (missed and since >= 2)
            or (boxes_only and since >= self._config.max_gap_frames)
        )

    def _detect(self, frame: int, rgb: np.ndarray) -> None:
        with self._watch("detect"):
            found = self._detector.detect(rgb)
        self._last_detection = frame
        known = assign(np.array([track.last.box_xyxy for track in self._live]), found.boxes_xyxy, self._config.join_iou)
        with self._watch("mesh"):
            for index, track in enumerate(list(self._live)):
                if index in known:
                    self._meet_again(track, frame, rgb, found, known[index])
                else:
                    # Only where the mesh claims a face and the detector sees none: a gap is no doubt of its own.
                    track.unconfirmed_rounds += track.last_frame == frame
            for index in sorted(set(range(len(found))) - set(known.values())):
                self._start(frame, rgb, found, index)

    def _meet_again(self, track: LiveTrack, frame: int, rgb: np.ndarray, found: Detections, index: int) -> None:
        region = region_of_detection(found.boxes_xyxy[index], found.landmarks[index])
        if track.has_mesh:
            if track.last_frame != frame:
                self._locate(track, frame, rgb, region)
            track.confirm(frame, float(found.scores[index]))
            return
        mesh, presence = self._mesh.locate(rgb, region)
        if presence >= self._config.mesh_presence and np.isfinite(mesh).all():
            self._end(track, frame, "lost")  # seen by the detector only until now: a track with a mesh takes over
            self._start(frame, rgb, found, index)
        else:
            track.see(frame, found.boxes_xyxy[index], None, presence)
            track.confirm(frame, float(found.scores[index]))

    def _start(self, frame: int, rgb: np.ndarray, found: Detections, index: int) -> None:
        region = region_of_detection(found.boxes_xyxy[index], found.landmarks[index])
        mesh, presence = self._mesh.locate(rgb, region)
        has_mesh = presence >= self._config.mesh_presence and bool(np.isfinite(mesh).all())
        track = LiveTrack(start_frame=frame, has_mesh=has_mesh)
        if not has_mesh or not self._locate(track, frame, rgb, region_of_mesh(mesh)):
            track.has_mesh = False
            track.see(frame, found.boxes_xyxy[index], None, presence)
        track.confirm(frame, float(found.scores[index]))
        track.embedding = self._detector.embed(rgb, found.landmarks[index])
        self._live.append(track)

    def _cut_faces(self, frame: int, rgb: np.ndarray) -> None:
        for track in self._live:
            if track.has_mesh:
                square = face_square(track.last.mesh, self._canonical)
                track.crops[frame] = cut_face(rgb, square, 2 * self._canonical.image_px, 95)

    def _end_lost(self, frame: int) -> None:
        for track in list(self._live):
            gap = frame - track.last_frame
            if gap > self._config.max_gap_frames:
                self._end(track, frame, "lost")
            elif track.unconfirmed_rounds >= _MAX_UNCONFIRMED_ROUNDS:
                self._end(track, track.last_confirmed_frame + 1, "lost")

    def _end_doubles(self, frame: int) -> None:
        boxes = np.array([track.last.box_xyxy for track in self._live]).reshape(-1, 4)
        overlap = np.triu(iou_matrix(boxes, boxes), 1) > _SAME_FACE_IOU
        for younger in sorted(set(np.nonzero(overlap)[1].tolist()), reverse=True):
            self._end(self._live[younger], frame, "lost")

    def _end_all(self, frame: int, rule: str) -> None:
        for track in list(self._live):
            self._end(track, frame, rule)

    def _end(self, track: LiveTrack, frame: int, rule: str) -> None:
        self._live.remove(track)
        track.end_at(frame)
        if track.observations:
            self._ended.append((track, rule if track.last_frame == frame - 1 else "lost"))


def _first_box(track: LiveTrack) -> tuple[float, ...]:
    return tuple(float(value) for value in next(iter(track.observations.values())).box_xyxy)


def follow_faces(
    images: Iterable[tuple[int, np.ndarray | None]], follower: FaceFollower, end_frame: int, end_rule: str
) -> tuple[list[tuple[LiveTrack, str]], int]:
    """Tracks of the images (timeline frame, RGB or None), and how many images were None."""
    num_damaged = 0
    for frame, rgb in images:
        num_damaged += rgb is None
        follower.look(frame, rgb)
    return follower.finish(end_frame, end_rule), num_damaged

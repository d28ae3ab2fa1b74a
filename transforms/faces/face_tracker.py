"""Track every face through the frames of one window: detection every few frames, the mesh from frame to frame."""

from collections.abc import Iterable

import numpy as np

from transforms.faces.association import assign
from transforms.faces.config import FacesConfig
from transforms.faces.cuts import CutDetector, ShotImage
from transforms.faces.detectors.detections import Detections, FaceDetector
from transforms.faces.face_search import FaceSearch
from transforms.faces.live_track import LiveTrack
from transforms.faces.mesh import FaceMesh, FaceRegion, region_of_detection, region_of_mesh
from transforms.faces.shots import Shots, parts_of
from transforms.faces.stopwatch import Stopwatch
from transforms.faces.thumbnail import thumbnail
from transforms.media.boxes import iou_matrix
from transforms.media.canonical import CanonicalFace
from transforms.media.face_crop import cut_face, face_square

_MAX_UNCONFIRMED_ROUNDS = 3  # detections in a row that do not find a tracked face: its mesh has drifted off
_SAME_FACE_IOU = 0.6  # two tracks that overlap more are one face
_MIN_MISSED_FRAMES = 2  # frames between detections while a mesh is lost
_CROP_JPEG_QUALITY = 95
_STAYS_LARGEST = 1.2  # factor on the area of a face whose mesh is followed, so that crowds do not take turns


class FaceTracker:
    """State of one window. Call `update` with its frames in order, then `finish` for the tracks."""

    def __init__(
        self,
        detector: FaceDetector,
        mesh: FaceMesh,
        config: FacesConfig,
        canonical: CanonicalFace,
        stopwatch: Stopwatch,
    ) -> None:
        """Begin a window without tracks; the stopwatch gets the time of each step."""
        self._detector, self._mesh, self._config, self._canonical = detector, mesh, config, canonical
        self._cuts = CutDetector(config.cut_threshold, max_flash_frames=config.max_gap_frames)
        self._search = FaceSearch(detector, config.join_iou)
        self._shots, self._watch = Shots(), stopwatch
        self._live: list[LiveTrack] = []
        self._ended: list[tuple[LiveTrack, str]] = []
        self._last_detection = -config.detect_every

    def update(self, frame: int, rgb: np.ndarray | None) -> None:
        """Take the image of one timeline frame; None where it could not be decoded. A frame left out had no image."""
        with self._watch("cuts"):
            small = None if rgb is None else thumbnail(rgb)
            decided = list(self._cuts.take(frame, rgb, small))
        for image in decided:
            self._follow(image)

    def finish(self, end_frame: int, end_rule: str) -> list[tuple[LiveTrack, str]]:
        """End the tracks that are left; all tracks with their end rule, by first frame, then from left to right."""
        for image in self._cuts.rest():
            self._follow(image)
        self._end_all(end_frame, end_rule)
        with self._watch("cuts"):
            transitions = self._shots.transitions()
        parts = [part for track, rule in self._ended for part in parts_of(track, rule, transitions)]
        return sorted(parts, key=lambda ended: (ended[0].start_frame, *_first_box(ended[0])))

    def _follow(self, image: ShotImage) -> None:
        """Follow the tracked faces into one image, and look for new ones."""
        frame, rgb = image.frame, image.rgb
        self._shots.add(frame, image.small, image_width=0 if rgb is None else rgb.shape[1], is_cut=image.is_cut)
        self._end_in_gap(frame)
        if rgb is None:
            self._end_lost(frame)
            return
        if image.is_cut:
            self._end_all(frame, "cut")
        with self._watch("mesh"):
            for track in self._live:
                if track.has_mesh:
                    self._locate(track, frame, rgb, region_of_mesh(track.last_mesh))
        if image.is_cut or self._is_detection_due(frame):
            self._detect(image, rgb)
        self._end_duplicates(frame)
        self._end_lost(frame)
        with self._watch("tube"):
            self._cut_faces(frame, rgb)

    def _locate(self, track: LiveTrack, frame: int, rgb: np.ndarray, region: FaceRegion) -> bool:
        """Observe the track's mesh in a region of the image; whether it is there."""
        mesh, presence = self._mesh.locate(rgb, region)
        is_present = self._is_present(mesh, presence)
        if is_present:
            track.add_mesh(frame, mesh, presence)
        return is_present

    def _is_present(self, mesh: np.ndarray, presence: float) -> bool:
        return presence >= self._config.mesh_presence and bool(np.isfinite(mesh).all())

    def _is_detection_due(self, frame: int) -> bool:
        since = frame - self._last_detection
        is_mesh_missed = any(track.has_mesh and track.last_frame != frame for track in self._live)
        has_box_tracks = any(not track.has_mesh for track in self._live)
        return (
            since >= self._config.detect_every
            or (is_mesh_missed and since >= _MIN_MISSED_FRAMES)
            or (has_box_tracks and since >= self._config.max_gap_frames)
        )

    def _detect(self, image: ShotImage, rgb: np.ndarray) -> None:
        """Detect faces: confirm the tracks that they belong to, start tracks with the rest."""
        frame = image.frame
        with self._watch("detect"):
            found = self._search.detect(image, self._followed(frame))
        self._last_detection = frame
        known = assign(np.array([track.last_box for track in self._live]), found.boxes_xyxy, self._config.join_iou)
        ranks = self._size_ranks(found, known)
        with self._watch("mesh"):
            for index, track in enumerate(list(self._live)):
                if index in known and known[index] in ranks:
                    self._continue_in_crowd(track, frame, found, known[index], ranks[known[index]])
                elif index in known:
                    self._continue(track, frame, rgb, found, known[index])
                else:
                    # Counts only where the mesh was found in this frame and the detection was not: a gap is no doubt.
                    track.unconfirmed_rounds += track.last_frame == frame
            for index in sorted(set(range(len(found))) - set(known.values())):
                if index in ranks:
                    self._start_in_crowd(frame, found, index, ranks[index])
                else:
                    self._start(frame, rgb, found, index)

    def _followed(self, frame: int) -> np.ndarray:
        """Boxes (N, 4) of the tracked faces; N = 0 unless the mesh of each was found in this frame."""
        is_followed = all(track.has_mesh and track.last_frame == frame for track in self._live)
        return np.array([track.last_box for track in self._live if is_followed]).reshape(-1, 4)

    def _size_ranks(self, found: Detections, known: dict[int, int]) -> dict[int, int]:
        """Index of a detection -> its rank by size, the largest being 1, where faces.max_faces are larger."""
        if len(found) <= self._config.max_faces:
            return {}
        areas = np.prod(found.boxes_xyxy[:, 2:] - found.boxes_xyxy[:, :2], axis=1)
        for track, index in known.items():
            areas[index] *= _STAYS_LARGEST if self._live[track].has_mesh else 1.0
        order = np.argsort(-areas, kind="stable").tolist()
        return {index: rank for rank, index in enumerate(order, 1) if rank > self._config.max_faces}

    def _continue_in_crowd(self, track: LiveTrack, frame: int, found: Detections, index: int, rank: int) -> None:
        """Follow a face by the detector alone, because enough others are larger."""
        if track.has_mesh:
            self._end(track, frame, "lost")
            self._start_in_crowd(frame, found, index, rank)
        else:
            track.size_rank = rank
            track.add_box(frame, found.boxes_xyxy[index], 0.0)
            track.confirm(frame, float(found.scores[index]))

    def _start_in_crowd(self, frame: int, found: Detections, index: int, rank: int) -> None:
        """Start a track of a face that is followed by the detector alone."""
        track = LiveTrack(start_frame=frame, has_mesh=False, size_rank=rank)
        track.add_box(frame, found.boxes_xyxy[index], 0.0)
        track.confirm(frame, float(found.scores[index]))
        self._live.append(track)

    def _continue(self, track: LiveTrack, frame: int, rgb: np.ndarray, found: Detections, index: int) -> None:
        """Continue a track with the detection that was assigned to it."""
        region = region_of_detection(found.boxes_xyxy[index], found.landmarks[index])
        if track.has_mesh:
            if track.last_frame != frame:
                self._locate(track, frame, rgb, region)
            track.confirm(frame, float(found.scores[index]))
            return
        mesh, presence = self._mesh.locate(rgb, region)
        if self._is_present(mesh, presence):
            self._end(track, frame, "lost")  # only the detector found it until now: a track with a mesh takes over
            self._start(frame, rgb, found, index)
        else:
            track.add_box(frame, found.boxes_xyxy[index], presence)
            track.confirm(frame, float(found.scores[index]))

    def _start(self, frame: int, rgb: np.ndarray, found: Detections, index: int) -> None:
        """Start a track with a detection that belongs to none."""
        region = region_of_detection(found.boxes_xyxy[index], found.landmarks[index])
        mesh, presence = self._mesh.locate(rgb, region)
        track = LiveTrack(start_frame=frame, has_mesh=self._is_present(mesh, presence))
        if not track.has_mesh or not self._locate(track, frame, rgb, region_of_mesh(mesh)):
            track.has_mesh = False
            track.add_box(frame, found.boxes_xyxy[index], presence)
        track.confirm(frame, float(found.scores[index]))
        self._live.append(track)

    def _cut_faces(self, frame: int, rgb: np.ndarray) -> None:
        for track in self._live:
            if track.has_mesh:
                square = face_square(track.last_mesh, self._canonical)
                track.crops[frame] = cut_face(rgb, square, 2 * self._canonical.image_px, _CROP_JPEG_QUALITY)

    def _end_in_gap(self, frame: int) -> None:
        """End the tracks that are too old at this frame because those before it had no image; look for them again."""
        num_live = len(self._live)
        self._end_lost(frame - 1)
        if len(self._live) < num_live:
            self._last_detection = frame - self._config.detect_every

    def _end_lost(self, frame: int) -> None:
        for track in list(self._live):
            gap = frame - track.last_frame
            if gap > self._config.max_gap_frames:
                self._end(track, frame, "lost")
            elif track.unconfirmed_rounds >= _MAX_UNCONFIRMED_ROUNDS:
                self._end(track, track.last_confirmed_frame + 1, "lost")

    def _end_duplicates(self, frame: int) -> None:
        """Of two tracks that have come to lie on one face, end the younger."""
        if len(self._live) < 2:
            return
        boxes = np.array([track.last_box for track in self._live])
        overlap = np.triu(iou_matrix(boxes, boxes), 1) > _SAME_FACE_IOU
        for younger in sorted(set(np.nonzero(overlap)[1].tolist()), reverse=True):
            self._end(self._live[younger], frame, "lost")

    def _end_all(self, frame: int, rule: str) -> None:
        for track in list(self._live):
            self._end(track, frame, rule)

    def _end(self, track: LiveTrack, frame: int, rule: str) -> None:
        self._live.remove(track)
        track.cut_off_at(frame)
        if track.observations:
            self._ended.append((track, rule if track.last_frame == frame - 1 else "lost"))


def _first_box(track: LiveTrack) -> tuple[float, ...]:
    return tuple(float(value) for value in next(iter(track.observations.values())).box_xyxy)


def tracks_of(
    images: Iterable[tuple[int, np.ndarray | None]], tracker: FaceTracker, end_frame: int, end_rule: str
) -> tuple[list[tuple[LiveTrack, str]], int]:
    """Tracks of the images (timeline frame, RGB or None) with their end rules, and how many images were None."""
    num_damaged = 0
    for frame, rgb in images:
        num_damaged += rgb is None
        tracker.update(frame, rgb)
    return tracker.finish(end_frame, end_rule), num_damaged

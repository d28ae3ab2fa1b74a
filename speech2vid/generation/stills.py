"""Stills of a person, from images or a video, aligned like the faces of a dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from schemas.clock import FRAME_RATE, num_timeline_frames, source_frame_of
from schemas.errors import NotMedia, UsageError
from speech2vid.rendering.still import Still
from transforms.clips.clip_parts import align_face
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.detections import Detections, FaceDetector
from transforms.faces.detectors.registry import load_detector
from transforms.faces.mesh import FaceMesh, MediaPipeMesh, region_of_detection, region_of_mesh
from transforms.media.canonical import CanonicalFace, apply_affine, five_points, invert_affine
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.face_crop import cut_face, decode_jpeg, face_square
from transforms.media.frames import FrameReader
from transforms.media.video_choice import choose_video

_PERSON_SHARE = 0.5  # of the largest face's side: smaller faces are ignored as bystanders
_MAX_VIDEO_S = 60
_TRIES = 3  # frames of a video that are searched for each still
_JPEG_QUALITY = 95  # of the face crops of a dataset


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundStill:
    """A face, and the whole image that it was found in."""

    still: Still
    image_rgb: np.ndarray  # uint8 (H, W, 3)
    to_image: np.ndarray  # float64 (2, 3): px of the still to px of the image


class StillFinder:
    """Finds the face in an image of one person."""

    def __init__(self, image_px: int, detector: FaceDetector | None = None, mesh: FaceMesh | None = None) -> None:
        """Use the detector and mesh of the dataset graph unless others are given; image_px: side of a still."""
        self._config, self._canonical = FacesConfig(), CanonicalFace(image_px=image_px)
        self._detector = detector or load_detector(
            self._config.detector, min_box_px=self._config.min_box_px, score=self._config.detector_score
        )
        self._mesh = mesh or MediaPipeMesh()

    def find(self, rgb: np.ndarray, name: str) -> FoundStill | None:
        """The face of an image RGB uint8 (H, W, 3), aligned, image_px wide; None without a face.

        name: of the image, for errors. UsageError: it shows several people.
        """
        found = self._detector.detect(rgb)
        num_people = count_people(found)
        if num_people > 1:
            raise UsageError(
                f"{name} shows {num_people} people: give images of one person alone, or crop the others out"
            )
        mesh = self._mesh_of(rgb, found) if num_people else None
        return None if mesh is None else self._found(rgb, mesh)

    def num_faces(self, rgb: np.ndarray) -> int:
        """How many faces an image shows."""
        return len(self._detector.detect(rgb))

    def _mesh_of(self, rgb: np.ndarray, found: Detections) -> np.ndarray | None:
        largest = int(np.argmax(_sides(found)))
        region = region_of_detection(found.boxes_xyxy[largest], found.landmarks[largest])
        mesh, _ = self._mesh.locate(rgb, region)
        mesh, presence = self._mesh.locate(rgb, region_of_mesh(mesh))  # twice, as at the start of a track
        return mesh if presence >= self._config.mesh_presence and np.isfinite(mesh).all() else None

    def _found(self, rgb: np.ndarray, mesh: np.ndarray) -> FoundStill:
        image_px = self._canonical.image_px
        crop = cut_face(rgb, face_square(mesh, self._canonical), 2 * image_px, _JPEG_QUALITY)
        align = self._canonical.fit(five_points(mesh[None])[:, :3])
        face = align_face(decode_jpeg(crop.jpeg), crop.to_source, align[0], image_px)
        scale = np.hypot(align[0, 0, 0], align[0, 1, 0])
        aligned = np.column_stack([apply_affine(align, mesh[None, :, :2])[0], mesh[:, 2] * scale])
        still = Still(face_rgb=face, mesh_px=aligned.astype(np.float32))
        return FoundStill(still=still, image_rgb=rgb, to_image=invert_affine(align)[0])


def find_stills(paths: Sequence[str], num_stills: int, finder: StillFinder) -> list[FoundStill]:
    """At least one and at most num_stills stills of images or videos of one person, spread over all that were found.

    UsageError names an image or video without a face, or with several people.
    """
    found: list[FoundStill] = []
    for path in paths:
        if not Path(path).is_file():
            raise UsageError(f"--identity {path}: no such file; give images or a video of one person")
        faces = _of_image(path, finder) if cv2.haveImageReader(path) else _of_video(path, num_stills, finder)
        if not faces:
            raise UsageError(f"--identity {path}: no face was found; give an image of one person who faces the camera")
        found += faces
    chosen = np.linspace(0, len(found) - 1, min(num_stills, len(found))).round().astype(int)
    return [found[index] for index in chosen]


def count_people(found: Detections) -> int:
    """Number of faces that are not much smaller than the largest."""
    sides = _sides(found)
    return int((sides >= _PERSON_SHARE * sides.max()).sum()) if len(sides) else 0


def _sides(found: Detections) -> np.ndarray:
    return (found.boxes_xyxy[:, 2:] - found.boxes_xyxy[:, :2]).min(1)


def _of_image(path: str, finder: StillFinder) -> list[FoundStill]:
    bgr = cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise NotMedia(f"{path!r} is a damaged image; expected one that can be opened (--identity)")
    face = finder.find(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), f"--identity {path}")
    return [] if face is None else [face]


def _of_video(path: str, num_stills: int, finder: StillFinder) -> list[FoundStill]:
    probe, timeline = choose_video(path, LimitsConfig(), AudioConfig(), count_faces=finder.num_faces)
    if timeline is None:
        raise UsageError(f"--identity {path} has no video: give images or a video of one person")
    last = min(num_timeline_frames(timeline.presentation_ticks, timeline.time_base), _MAX_VIDEO_S * FRAME_RATE)
    frames = np.unique(np.linspace(0, last - 1, _TRIES * num_stills + 2).astype(int)[1:-1])
    source_frames = source_frame_of(timeline.presentation_ticks, timeline.time_base, last)[frames]
    found: list[FoundStill] = []
    with FrameReader(path, probe, timeline) as reader:
        for position, rgb in reader.frames(source_frames):
            name = f"--identity {path} at {frames[position] / FRAME_RATE:.1f} s"
            face = None if rgb is None else finder.find(rgb, name)
            found += [] if face is None else [face]
    return found

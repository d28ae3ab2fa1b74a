"""How good a dubbed video is: what must not change, what must, and whether the joint between both is seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from audit.judge_video import judge_video
from speech2vid.dubbing.choose_face import chosen_faces
from speech2vid.dubbing.face_meshes import FaceAt, FaceMeshes
from speech2vid.dubbing.tracked_faces import TUBE_FACE_PX, TrackedVideo
from transforms.media.canonical import mouth_window
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames_pyav import PyavFrames
from transforms.media.probe import probe_media
from transforms.people.face_networks import FaceNetwork

_FACE_REACH = 0.5  # of the distance of the eyes: how far a face may grow beyond its mesh when its jaw drops
_STORED_PX = 112  # of the faces whose mouths are compared, as in other evaluations
_IDENTITY_EVERY = 10  # frames
_EDGE_PX = 2  # on each side of the edge of what was changed: where a seam would be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class DubScores:
    """One dubbed video beside its source."""

    outside_psnr_db: float  # outside the face, over all frames; inf: every pixel is the same
    seam: float | None  # gradient at the edge of what was changed, over the source's own there; None: nothing changed
    mouth_mse: float | None  # grey levels squared, of the aligned face against the source's: for its own audio
    identity_distance: float | None  # mean distance of face embeddings from the source's; None without a network
    num_frames: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FramePair:
    """A source frame with the same frame after dubbing."""

    source_rgb: np.ndarray  # uint8 (H, W, 3), upright
    dubbed_rgb: np.ndarray
    face: FaceAt | None  # of the source


def score_dub(
    tracked: TrackedVideo, dubbed: str, network: FaceNetwork | None, speakers: Sequence[int] = ()
) -> DubScores:
    """Score a dubbed video whose frames are those of its source; speakers: as in speech2vid.dubbing.dub."""
    pixels, seams, mouths, identity = PixelError(), list[float](), list[float](), list[float]()
    for pair in frame_pairs(tracked, dubbed, speakers):
        pixels.add(pair)
        if pair.face is None:
            continue
        seam = seam_visibility(pair.source_rgb, pair.dubbed_rgb)
        seams += [] if seam is None else [seam]
        face, true_face = _aligned(pair.dubbed_rgb, pair.face), _aligned(pair.source_rgb, pair.face)
        mouths.append(_mouth_error(face, true_face))
        if network is not None and pixels.num_frames % _IDENTITY_EVERY == 1:
            identity.append(_distance(network, face, true_face, pair.face))
    return DubScores(
        outside_psnr_db=pixels.psnr_db,
        seam=float(np.mean(seams)) if seams else None,
        mouth_mse=float(np.mean(mouths)) if mouths else None,
        identity_distance=float(np.mean(identity)) if identity else None,
        num_frames=pixels.num_frames,
    )


def judged_sync(dubbed: str) -> tuple[float | None, float | None]:
    """Probability that a face makes the video's audio, and the audio's lag in frames, as `build` judges them."""
    rows = [row for row in judge_video(dubbed) if row.sync_probability is not None]
    best = max(rows, key=lambda row: row.sync_probability or 0, default=None)
    return (None, None) if best is None else (best.sync_probability, best.audio_lag_frames)


def frame_pairs(tracked: TrackedVideo, dubbed: str, speakers: Sequence[int] = ()) -> Iterator[FramePair]:
    """Every frame of a video that decodes, beside the same frame of its dubbed copy."""
    meshes = FaceMeshes(chosen_faces(tracked.faces, speakers, tracked.path), tracked)
    probe, timeline = probe_media(dubbed, LimitsConfig(), AudioConfig())
    assert timeline is not None, "a dubbed video has a video stream"
    ours = PyavFrames(tracked.path, tracked.probe.used_video, tracked.timeline)
    theirs = PyavFrames(dubbed, probe.used_video, timeline)
    try:
        for frame in range(min(len(tracked.timeline.presentation_ticks), len(timeline.presentation_ticks))):
            source_rgb, dubbed_rgb = ours.read(frame), theirs.read(frame)
            if source_rgb is not None and dubbed_rgb is not None:
                yield FramePair(source_rgb=source_rgb, dubbed_rgb=dubbed_rgb, face=meshes.at(frame))
    finally:
        ours.close()
        theirs.close()


class PixelError:
    """Squared error outside the face, summed over frames."""

    def __init__(self) -> None:
        """Start without a frame."""
        self._sum, self._count, self.num_frames = 0.0, 0, 0

    def add(self, pair: FramePair) -> None:
        """Add one frame."""
        error = (pair.source_rgb.astype(np.float32) - pair.dubbed_rgb) ** 2
        outside = np.ones(error.shape[:2], bool) if pair.face is None else ~_face_region(pair.face.mesh, error.shape)
        self._sum += float(error[outside].sum(dtype=np.float64))
        self._count += 3 * int(outside.sum())
        self.num_frames += 1

    @property
    def psnr_db(self) -> float:
        """Peak signal to noise ratio of all frames together; inf where nothing differs."""
        return float("inf") if not self._sum else float(10 * np.log10(255**2 * self._count / self._sum))


def seam_visibility(source_rgb: np.ndarray, dubbed_rgb: np.ndarray) -> float | None:
    """Gradient at the edge of what was changed, over the source's gradient there: 1 is a seam that cannot be seen.

    Of a losslessly dubbed frame, as an encoder changes every pixel. None: nothing was changed, or everything.
    """
    changed = (source_rgb != dubbed_rgb).any(2).astype(np.uint8)
    changed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    kernel = np.ones((2 * _EDGE_PX + 1,) * 2, np.uint8)
    edge = cv2.dilate(changed, kernel) != cv2.erode(changed, kernel)
    if not edge.any():
        return None
    before, after = (_gradient(image)[edge].mean() for image in (source_rgb, dubbed_rgb))
    return float(after / max(before, 1e-6))


def _gradient(rgb: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))


def _face_region(mesh: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The face with room for its jaw: bool (H, W)."""
    region = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(region, cv2.convexHull(np.round(mesh[:, :2]).astype(np.int32)), 1)
    reach = max(1, round(float(np.linalg.norm(mesh[33, :2] - mesh[263, :2])) * _FACE_REACH))
    return cv2.dilate(region, np.ones((2 * reach + 1,) * 2, np.uint8)) > 0


def _aligned(rgb: np.ndarray, face: FaceAt) -> np.ndarray:
    return cv2.warpAffine(rgb, face.align, (TUBE_FACE_PX, TUBE_FACE_PX), flags=cv2.INTER_LINEAR)


def _mouth_error(face: np.ndarray, true_face: np.ndarray) -> float:
    rows, columns = mouth_window(_STORED_PX)
    small, true = (
        cv2.resize(one, (_STORED_PX, _STORED_PX), interpolation=cv2.INTER_AREA)[rows, columns].astype(np.float32)
        for one in (face, true_face)
    )
    return float(((small - true) ** 2).mean())


def _distance(network: FaceNetwork, face: np.ndarray, true_face: np.ndarray, at: FaceAt) -> float:
    """Distance of the embeddings of a dubbed face and the source's, both aligned by the source's mesh."""
    mesh = np.column_stack([at.mesh[:, :2] @ at.align[:, :2].T + at.align[:, 2], at.mesh[:, 2]])
    return float(network.distance(network.embed(face, mesh), network.embed(true_face, mesh)))

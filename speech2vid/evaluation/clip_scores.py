"""Scores of one clip in one condition: a row of clips.parquet."""

from dataclasses import dataclass

import numpy as np

from speech2vid.evaluation.canonical_size import CANONICAL_PX, resized_faces
from speech2vid.evaluation.clips import EvaluationClip
from speech2vid.evaluation.closures import closures_at, count_found, find_closures
from speech2vid.evaluation.conditions import REAL, Shown
from speech2vid.evaluation.dub_scores import seam_visibility
from speech2vid.evaluation.identity import ReferenceFaces, embed_faces, faces_to_embed, nearest_other
from speech2vid.evaluation.judges import TRACK, Judge
from speech2vid.evaluation.lips import LipScores, read_meshes, score_lips
from speech2vid.evaluation.pixels import PIXELS_EVERY, score_pixels
from speech2vid.evaluation.retrieval import RetrievalScores, face_tube
from speech2vid.evaluation.stillness import flicker, jitter, sharpness_ratio
from speech2vid.evaluation.timings import Timings
from transforms.faces.mesh import FaceMesh
from transforms.media.canonical import mouth_opening
from transforms.media.tubes import TubeFile, write_tubes
from transforms.people.face_networks import FaceNetwork

_MIN_JITTER = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScore:
    """Scores of one clip in one condition; None: not measured, or not defined."""

    key: str
    speaker: str
    condition: str
    audio: str  # key of the clip whose audio was said
    num_frames: int
    mse: float  # grey levels squared, at CANONICAL_PX
    mouth_mse: float
    psnr_db: float | None
    ssim: float
    sharpness_ratio: float  # over the true mouth's, at the stored size
    seam: float | None  # from one still alone: gradient at the edge of what was changed, over the still's there
    flicker: float  # grey levels, at CANONICAL_PX
    opening_correlation: float
    opening_deviation_ratio: float
    jitter_ratio: float | None  # over the true face's
    num_closures: int  # of the true mouth
    num_closures_found: int
    num_timed_closures: int | None  # at p, b and m, by the timings
    num_timed_closures_found: int | None
    identity_distance: float | None
    nearest_other_distance: float | None
    audio_rank: int | None  # by the sync network
    num_candidates: int | None
    sync_lag_frames: float | None
    second_audio_rank: int | None  # by the second judge
    second_lag_frames: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorers:
    """What scores faces: networks, with their embeddings of all clips' true faces and audio, and timings."""

    mesh: FaceMesh
    face_network: FaceNetwork | None
    references: dict[str, ReferenceFaces]  # by key; empty without a face network
    judge: Judge | None
    second_judge: Judge | None
    timings: Timings | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredCondition:
    """A clip's score in one condition, with the mouth's opening over time."""

    score: ClipScore
    opening: np.ndarray  # (<= K,); empty for one image


@dataclass(frozen=True, slots=True, kw_only=True)
class _IdentityScores:
    identity_distance: float | None = None
    nearest_other_distance: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _MotionScores:
    """What the mesh of K' <= K faces says of their motion."""

    lips: LipScores
    jitter_ratio: float | None
    num_closures_found: int
    num_timed_closures_found: int | None


class ClipScorer:
    """Scores one clip in each of its conditions."""

    def __init__(self, clip: EvaluationClip, scorers: Scorers) -> None:
        """Measure the true faces, which all conditions are compared with."""
        self._clip, self._scorers = clip, scorers
        self._true, self._mesh_px = clip.faces(), clip.mesh_px()
        self._small = resized_faces(self._true, CANONICAL_PX)
        # The same mesh reads true and generated faces: the stored one was tracked in the source, with other errors.
        self._read_px = self._read(self._true)
        self._opening = mouth_opening(self._read_px)
        self._closures = find_closures(self._opening)
        moments = scorers.timings.moments_of(clip) if scorers.timings else None
        self._timed_closures = None if moments is None else closures_at(self._opening, moments)

    def score(self, shown: Shown) -> ScoredCondition:
        """Score one condition."""
        clip, faces, num_frames = self._clip, shown.faces_rgb, len(shown.faces_rgb)
        small = resized_faces(faces, CANONICAL_PX)
        places = np.flatnonzero(~clip.is_still()[:num_frames])[::PIXELS_EVERY]
        pixels = score_pixels(small[places], self._small[places])
        stored = resized_faces(faces[places], clip.stored.image_px)
        read_px = self._read_of(shown)
        motion, identity = self._motion(read_px), self._identity(faces)
        first, second = self._retrieval(faces, read_px)
        score = ClipScore(
            key=clip.key,
            speaker=clip.speaker,
            condition=shown.condition,
            audio=shown.audio,
            num_frames=num_frames,
            mse=pixels.mse,
            mouth_mse=pixels.mouth_mse,
            psnr_db=pixels.psnr_db,
            ssim=pixels.ssim,
            sharpness_ratio=sharpness_ratio(stored, self._true[places]),
            seam=None if shown.still_rgb is None else _seam(shown.still_rgb, stored),
            flicker=flicker(small),
            opening_correlation=motion.lips.opening_correlation,
            opening_deviation_ratio=motion.lips.opening_deviation_ratio,
            jitter_ratio=motion.jitter_ratio,
            num_closures=int((self._closures < num_frames).sum()),
            num_closures_found=motion.num_closures_found,
            num_timed_closures=None if self._timed_closures is None else int((self._timed_closures < num_frames).sum()),
            num_timed_closures_found=motion.num_timed_closures_found,
            identity_distance=identity.identity_distance,
            nearest_other_distance=identity.nearest_other_distance,
            audio_rank=first.audio_rank,
            num_candidates=first.num_candidates or second.num_candidates,
            sync_lag_frames=first.sync_lag_frames,
            second_audio_rank=second.audio_rank,
            second_lag_frames=second.sync_lag_frames,
        )
        return ScoredCondition(score=score, opening=np.empty(0) if read_px is None else mouth_opening(read_px))

    def _read_of(self, shown: Shown) -> np.ndarray | None:
        """Meshes (<= K, 468, 3) of what is shown; None of one image."""
        if shown.condition == REAL:
            return self._read_px
        return self._read(shown.faces_rgb) if shown.moves else None

    def _read(self, faces: np.ndarray) -> np.ndarray:
        return read_meshes(self._scorers.mesh, faces, self._mesh_px.mean(0), self._clip.stored.image_px)

    def _motion(self, read_px: np.ndarray | None) -> _MotionScores:
        timed = self._timed_closures
        if read_px is None:  # one image has no motion
            lips = LipScores(opening_correlation=0.0, opening_deviation_ratio=0.0)
            return _MotionScores(
                lips=lips,
                jitter_ratio=None,
                num_closures_found=0,
                num_timed_closures_found=None if timed is None else 0,
            )
        opening, num_frames = mouth_opening(read_px), len(read_px)
        return _MotionScores(
            lips=score_lips(read_px, self._mesh_px[:num_frames]),
            jitter_ratio=jitter(read_px) / max(jitter(self._read_px[:num_frames]), _MIN_JITTER),
            num_closures_found=count_found(opening, self._opening, self._closures),
            num_timed_closures_found=None if timed is None else count_found(opening, self._opening, timed),
        )

    def _identity(self, faces: np.ndarray) -> _IdentityScores:
        clip, network = self._clip, self._scorers.face_network
        if network is None:
            return _IdentityScores()
        places = faces_to_embed(len(faces), clip.is_still())
        vectors = embed_faces(network, faces[places], self._mesh_px[places], clip.stored.image_px)
        true = self._scorers.references[clip.key].vectors
        distances = network.distance(vectors[:, None], true[None])
        references = list(self._scorers.references.values())
        return _IdentityScores(
            # Between different frames only, since real video has distance 0 to itself in the same frame.
            identity_distance=float(distances[~np.eye(len(true), dtype=bool)].mean()),
            nearest_other_distance=nearest_other(network, vectors, clip.speaker, references),
        )

    def _retrieval(self, faces: np.ndarray, read_px: np.ndarray | None) -> tuple[RetrievalScores, RetrievalScores]:
        """Of the sync network and of the second judge."""
        judges = self._scorers.judge, self._scorers.second_judge
        if read_px is None or judges == (None, None):
            return RetrievalScores(), RetrievalScores()
        tubes = TubeFile(write_tubes({TRACK: face_tube(faces, read_px, self._clip.stored.image_px)}))
        first, second = (judge.scores(self._clip, tubes) if judge else RetrievalScores() for judge in judges)
        return first, second


def _seam(still_rgb: np.ndarray, faces_rgb: np.ndarray) -> float | None:
    """Mean over faces (N, S, S, 3) of a still (S, S, 3); None where no face has an edge of what was changed."""
    seams = [found for face in faces_rgb if (found := seam_visibility(still_rgb, face)) is not None]
    return float(np.mean(seams)) if seams else None

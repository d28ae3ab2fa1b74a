"""Scores of one clip in one condition: a row of clips.parquet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from speech2vid.evaluation.clips import EvaluationClip
from speech2vid.evaluation.conditions import GENERATED, OTHER_CLIP, REAL, WRONG_AUDIO
from speech2vid.evaluation.face_networks import FaceNetwork
from speech2vid.evaluation.identity import ReferenceFaces, embed_faces, faces_to_embed, nearest_other
from speech2vid.evaluation.lips import LipScores, read_meshes, score_lips
from speech2vid.evaluation.pixels import PIXELS_EVERY, score_pixels
from speech2vid.evaluation.retrieval import AudioEmbedding, RetrievalScores, embed_face, rank_audio
from transforms.faces.mesh import FaceMesh
from transforms.media.canonical import mouth_opening
from transforms.speakers.sync_network import SyncNetwork

_MOVING = (GENERATED, WRONG_AUDIO, OTHER_CLIP, REAL)  # the other conditions show one image, whose mouth does not move


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScore:
    """Scores of one clip in one condition; None: not measured, or not defined."""

    key: str
    speaker: str
    condition: str
    num_frames: int
    mse: float  # grey levels squared
    mouth_mse: float
    psnr_db: float | None
    ssim: float
    opening_correlation: float
    opening_deviation_ratio: float
    identity_distance: float | None = None
    nearest_other_distance: float | None = None
    audio_rank: int | None = None
    num_candidates: int | None = None
    sync_lag_frames: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorers:
    """The networks that score faces, and their embeddings of all clips' true faces and audio."""

    mesh: FaceMesh
    face_network: FaceNetwork | None
    references: dict[str, ReferenceFaces]  # by key; empty without a face network
    sync_network: SyncNetwork | None
    candidates: dict[str, list[AudioEmbedding]]  # by key; empty without a sync network


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredCondition:
    """A clip's score in one condition, with the mouth's opening over time."""

    score: ClipScore
    opening: np.ndarray  # (<= K,); empty for one image


@dataclass(frozen=True, slots=True, kw_only=True)
class _IdentityScores:
    identity_distance: float | None = None
    nearest_other_distance: float | None = None


def score_clip(clip: EvaluationClip, faces: dict[str, np.ndarray], scorers: Scorers) -> list[ScoredCondition]:
    """Score all conditions of one clip; faces: from faces_by_condition."""
    true, mesh_px = faces[REAL], clip.mesh_px()
    return [_score(condition, found, true, mesh_px, clip, scorers) for condition, found in faces.items()]


def _score(
    condition: str, faces: np.ndarray, true: np.ndarray, mesh_px: np.ndarray, clip: EvaluationClip, scorers: Scorers
) -> ScoredCondition:
    num_frames = len(faces)
    places = np.flatnonzero(~clip.is_still()[:num_frames])[::PIXELS_EVERY]
    pixels = score_pixels(faces[places], true[places])
    identity = _score_identity(faces, mesh_px, clip, scorers)
    lips, retrieval, opening = LipScores(opening_correlation=0.0, opening_deviation_ratio=0.0), RetrievalScores(), None
    if condition in _MOVING:
        found_px = read_meshes(scorers.mesh, faces, mesh_px.mean(0), clip.stored.image_px)
        lips, opening = score_lips(found_px, mesh_px[:num_frames]), mouth_opening(found_px)
        retrieval = _score_retrieval(faces, found_px, clip, scorers)
    score = ClipScore(
        key=clip.key,
        speaker=clip.speaker,
        condition=condition,
        num_frames=num_frames,
        mse=pixels.mse,
        mouth_mse=pixels.mouth_mse,
        psnr_db=pixels.psnr_db,
        ssim=pixels.ssim,
        opening_correlation=lips.opening_correlation,
        opening_deviation_ratio=lips.opening_deviation_ratio,
        identity_distance=identity.identity_distance,
        nearest_other_distance=identity.nearest_other_distance,
        audio_rank=retrieval.audio_rank,
        num_candidates=retrieval.num_candidates,
        sync_lag_frames=retrieval.sync_lag_frames,
    )
    return ScoredCondition(score=score, opening=np.empty(0) if opening is None else opening)


def _score_identity(faces: np.ndarray, mesh_px: np.ndarray, clip: EvaluationClip, scorers: Scorers) -> _IdentityScores:
    if scorers.face_network is None:
        return _IdentityScores()
    places = faces_to_embed(len(faces), clip.is_still())
    vectors = embed_faces(scorers.face_network, faces[places], mesh_px[places], clip.stored.image_px)
    true = scorers.references[clip.key].vectors
    distances = scorers.face_network.distance(vectors[:, None], true[None])
    references = list(scorers.references.values())
    return _IdentityScores(
        # Between different frames only, since real video has distance 0 to itself in the same frame.
        identity_distance=float(distances[~np.eye(len(true), dtype=bool)].mean()),
        nearest_other_distance=nearest_other(scorers.face_network, vectors, clip.speaker, references),
    )


def _score_retrieval(
    faces: np.ndarray, found_px: np.ndarray, clip: EvaluationClip, scorers: Scorers
) -> RetrievalScores:
    candidates = scorers.candidates.get(clip.key)
    if candidates is None or scorers.sync_network is None:
        return RetrievalScores()
    vectors = embed_face(scorers.sync_network, faces, found_px, clip.stored.image_px)
    right = next(audio for audio in candidates if audio.key == clip.key)
    return rank_audio(scorers.sync_network, vectors, int(clip.frames[0]), right, candidates)


def values_of(
    scores: Sequence[ClipScore], value_of: Callable[[ClipScore], float | None]
) -> tuple[np.ndarray, np.ndarray]:
    """A value of each clip that has it, and those clips' speakers."""
    found = [(value, score.speaker) for score in scores if (value := value_of(score)) is not None]
    return np.array([value for value, _ in found], np.float64), np.array([speaker for _, speaker in found])

"""Audio retrieval by a sync network: whether it finds the audio of a clip among the audio of other clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from speech2vid.evaluation.clips import EvaluationClip
from transforms.media.canonical import MESH_UNIT
from transforms.media.face_crop import encode_jpeg
from transforms.media.tubes import FaceTube
from transforms.speakers.sync_network import SyncNetwork
from transforms.speakers.sync_scores import MAX_SHIFT, measure, similarity, sync_curve

SEGMENT_FRAMES = 50  # 2 s of every clip: audio is easier to find for a longer segment
_IN_SYNC_FRAMES = 1  # shifts up to this count as in sync
_JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AudioEmbedding:
    """Embedded audio of one clip."""

    key: str
    vectors: np.ndarray  # float32 (T, D), a vector for each frame of the clip
    segment_start: int  # first frame of the segment that is compared with all audio


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalScores:
    """Result for one clip and condition; None: not measured."""

    audio_rank: int | None = None  # of the right audio, 1 is best
    num_candidates: int | None = None
    sync_lag_frames: float | None = None  # of the right audio; + = it is late; None also without comparable frames


def embed_audio(network: SyncNetwork, clip: EvaluationClip) -> AudioEmbedding | None:
    """Embed a clip's audio; the segment is the middle of its evaluated frames. None: they are too few."""
    if len(clip.frames) < SEGMENT_FRAMES:
        return None
    start = int(clip.frames[0]) + (len(clip.frames) - SEGMENT_FRAMES) // 2
    samples = clip.stored.samples[: clip.stored.num_frames * SAMPLES_PER_FRAME]
    return AudioEmbedding(key=clip.key, vectors=network.embed_audio(samples), segment_start=start)


def candidate_groups(embeddings: Sequence[AudioEmbedding], max_candidates: int) -> dict[str, list[AudioEmbedding]]:
    """Candidates for each clip by key: groups of nearly equal size, at most max_candidates, that contain the clip."""
    ordered = sorted(embeddings, key=lambda audio: audio.key)
    num_groups = max(1, -(-len(ordered) // max_candidates))
    edges = [len(ordered) * place // num_groups for place in range(num_groups + 1)]
    groups = [ordered[start:end] for start, end in pairwise(edges)]
    return {audio.key: group for group in groups for audio in group}


def rank_audio(
    network: SyncNetwork,
    face_vectors: np.ndarray,
    first_frame: int,
    right: AudioEmbedding,
    candidates: Sequence[AudioEmbedding],
) -> RetrievalScores:
    """Rank the right audio among the candidates by similarity in sync.

    face_vectors: (K, D) of frames first_frame, first_frame + 1, ... of the clip; not measured if they end before the
    segment does.
    """
    segment = face_vectors[right.segment_start - first_frame :][:SEGMENT_FRAMES]
    if len(segment) < SEGMENT_FRAMES:
        return RetrievalScores()
    curves: dict[str, np.ndarray] = {}
    for audio in candidates:
        values = similarity(segment, audio.vectors, -audio.segment_start, pair_similarity=network.similarity)
        curves[audio.key] = sync_curve(values)
    scores = {key: _score_in_sync(curve) for key, curve in curves.items()}
    right_score = scores.pop(right.key)
    num_better = sum(score >= right_score for score in scores.values())  # a tie counts against the right audio
    curve = curves[right.key]
    return RetrievalScores(
        audio_rank=1 + num_better,
        num_candidates=len(candidates),
        sync_lag_frames=measure(curve).lag_frames if np.isfinite(curve).any() else None,
    )


def _score_in_sync(curve: np.ndarray) -> float:
    near = curve[MAX_SHIFT - _IN_SYNC_FRAMES : MAX_SHIFT + _IN_SYNC_FRAMES + 1]
    return float(np.nanmax(near)) if np.isfinite(near).any() else -np.inf


def face_tube(faces_rgb: np.ndarray, meshes_px: np.ndarray, stored_px: int) -> FaceTube:
    """The face tube that the dataset graph would have stored of faces; its source image is the stored face.

    faces_rgb: uint8 (K, S, S, 3). meshes_px: (K, 468, 3), px of the stored face.
    """
    jpegs = [encode_jpeg(np.ascontiguousarray(face), _JPEG_QUALITY) for face in faces_rgb]
    scale, num_frames = stored_px / faces_rgb.shape[1], len(faces_rgb)
    to_stored = np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5]], np.float32)
    boxes = np.concatenate([meshes_px[..., :2].min(1), meshes_px[..., :2].max(1)], 1)
    return FaceTube(
        boxes_xyxy=boxes.astype(np.float32),
        interpolated=np.zeros(num_frames, bool),
        mesh=np.clip(np.round(meshes_px * (MESH_UNIT / stored_px)), -32768, 32767).astype(np.int16),
        align=np.tile(np.eye(2, 3, dtype=np.float32), (num_frames, 1, 1)),
        crop_to_source=np.tile(to_stored, (num_frames, 1, 1)),
        mouth_visibility=np.ones(num_frames, np.float32),
        crops_jpeg=np.frombuffer(b"".join(jpegs), np.uint8),
        crops_index=np.cumsum([0, *map(len, jpegs)]).astype(np.uint32),
    )

"""Whether a sync network finds, for a shown clip, the audio that belongs to it, among those of other clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from speech2vid.evaluation.judged_clips import JudgedClip
from transforms.media.canonical import MESH_UNIT
from transforms.media.face_crop import encode_jpeg
from transforms.media.tubes import FaceTube, TubeFile, write_tubes
from transforms.speakers.sync_network import SyncNetwork
from transforms.speakers.sync_scores import MAX_SHIFT, measure, similarity, sync_curve

PIECE_FRAMES = 50  # 2 s, the same for all: a longer piece would be easier to find
_IN_SYNC_FRAMES = 1  # shifts that count as in sync
_NAME, _JPEG_QUALITY = "shown", 95


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardClip:
    """The audio of one clip as the network hears it."""

    key: str
    vectors: np.ndarray  # float32 (T, D)
    piece_start: int  # frame of the clip

    def piece_from(self) -> int:
        """Where the audio begins as the piece's frames count."""
        return -self.piece_start


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of one shown clip."""

    audio_rank: int  # of the right audio, 1 = found
    num_sounds: int
    sync_lag_frames: float | None  # of the right audio; + = it is late; None: nothing to compare


def hear(network: SyncNetwork, clip: JudgedClip) -> HeardClip | None:
    """The clip's audio, and the middle piece of its judged frames; None where that is too short."""
    if len(clip.frames) < PIECE_FRAMES:
        return None
    start = int(clip.frames[0]) + (len(clip.frames) - PIECE_FRAMES) // 2
    samples = clip.clip.samples[: clip.clip.num_frames * SAMPLES_PER_FRAME]
    return HeardClip(key=clip.key, vectors=network.embed_audio(samples), piece_start=start)


def see(network: SyncNetwork, faces_rgb: np.ndarray, meshes_px: np.ndarray, stored_px: int) -> np.ndarray:
    """Vectors float32 (K, D) of shown faces (K, S, S, 3) with their meshes, px of the stored face."""
    tube = _tube_of(faces_rgb, meshes_px, stored_px)
    return network.embed_face(TubeFile(write_tubes({_NAME: tube})), _NAME)


def groups_of(heard: Sequence[HeardClip], num_sounds: int) -> dict[str, list[HeardClip]]:
    """Key -> the clips among whose sounds its own is looked for: equal groups of at most num_sounds, by key."""
    ordered = sorted(heard, key=lambda clip: clip.key)
    num_groups = max(1, -(-len(ordered) // num_sounds))
    edges = [len(ordered) * place // num_groups for place in range(num_groups + 1)]
    groups = [ordered[start:end] for start, end in pairwise(edges)]
    return {clip.key: group for group in groups for clip in group}


def find_audio(
    network: SyncNetwork, seen: np.ndarray, first_frame: int, right: HeardClip, group: Sequence[HeardClip]
) -> Found | None:
    """Rank of the right audio by likeness in sync; None where the shown clip has no whole piece.

    seen: vectors (K, D) of frames first_frame, first_frame + 1, ... of the clip.
    """
    piece = seen[right.piece_start - first_frame :][:PIECE_FRAMES]
    if len(piece) < PIECE_FRAMES:
        return None
    curves = {
        audio.key: sync_curve(similarity(piece, audio.vectors, audio.piece_from(), likeness=network.likeness))
        for audio in group
    }
    scores = {key: _in_sync(curve) for key, curve in curves.items()}
    own = scores.pop(right.key)
    beaten = sum(score >= own for score in scores.values())  # a tie is no find
    curve = curves[right.key]
    return Found(
        audio_rank=1 + beaten,
        num_sounds=len(group),
        sync_lag_frames=measure(curve).lag_frames if np.isfinite(curve).any() else None,
    )


def _in_sync(curve: np.ndarray) -> float:
    near = curve[MAX_SHIFT - _IN_SYNC_FRAMES : MAX_SHIFT + _IN_SYNC_FRAMES + 1]
    return float(np.nanmax(near)) if np.isfinite(near).any() else -np.inf


def _tube_of(faces_rgb: np.ndarray, meshes_px: np.ndarray, stored_px: int) -> FaceTube:
    """What the graph would have stored of these faces; its source image is the stored face."""
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
        crops_jpeg=np.frombuffer(b"".join(jpegs), np.uint8),
        crops_index=np.cumsum([0, *map(len, jpegs)]).astype(np.uint32),
    )

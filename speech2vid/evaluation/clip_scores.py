"""All numbers of one clip and one kind of showing: a row of clips.parquet."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from speech2vid.evaluation.conditions import MADE, OTHER_CLIP, REAL, WRONG_AUDIO
from speech2vid.evaluation.face_networks import FaceNetwork
from speech2vid.evaluation.identity import KnownFace, embed_faces, faces_to_embed, nearest_other
from speech2vid.evaluation.judged_clips import JudgedClip
from speech2vid.evaluation.lips import read_meshes, score_lips
from speech2vid.evaluation.pixels import PIXELS_EVERY, score_pixels
from speech2vid.evaluation.retrieval import HeardClip, find_audio, see
from transforms.faces.mesh import FaceMesh
from transforms.media.canonical import mouth_opening
from transforms.speakers.sync_network import SyncNetwork

_MOVING = (MADE, WRONG_AUDIO, OTHER_CLIP, REAL)  # the others show one image: their mouth does not move


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScore:
    """None: not measured, or nothing to measure."""

    key: str
    speaker: str
    shown: str
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
    num_sounds: int | None = None
    sync_lag_frames: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """What looks at faces. known and groups: of all clips; empty where there is no such network."""

    mesh: FaceMesh
    face_network: FaceNetwork | None
    known: dict[str, KnownFace]
    sync_network: SyncNetwork | None
    groups: dict[str, list[HeardClip]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCondition:
    """A score with the mouth's opening that it comes from."""

    score: ClipScore
    opening: np.ndarray  # (<= K,); empty for one image


def judge_clip(clip: JudgedClip, shown: dict[str, np.ndarray], judges: Judges) -> list[JudgedCondition]:
    """Scores of all conditions of one clip."""
    true, mesh_px = shown[REAL], clip.mesh_px()
    return [_judge(kind, faces, true, mesh_px, clip, judges) for kind, faces in shown.items()]


def _judge(
    kind: str, faces: np.ndarray, true: np.ndarray, mesh_px: np.ndarray, clip: JudgedClip, judges: Judges
) -> JudgedCondition:
    num_frames = len(faces)
    places = np.flatnonzero(~clip.is_still()[:num_frames])[::PIXELS_EVERY]
    pixels = score_pixels(faces[places], true[places])
    score = ClipScore(
        key=clip.key,
        speaker=clip.speaker,
        shown=kind,
        num_frames=num_frames,
        mse=pixels.mse,
        mouth_mse=pixels.mouth_mse,
        psnr_db=pixels.psnr_db,
        ssim=pixels.ssim,
        opening_correlation=0.0,
        opening_deviation_ratio=0.0,
        **_identity(faces, mesh_px, clip, judges),
    )
    if kind not in _MOVING:
        return JudgedCondition(score=score, opening=np.empty(0))
    found_px = read_meshes(judges.mesh, faces, mesh_px.mean(0), clip.clip.image_px)
    lips = score_lips(found_px, mesh_px[:num_frames])
    score = dataclasses.replace(
        score,
        opening_correlation=lips.opening_correlation,
        opening_deviation_ratio=lips.opening_deviation_ratio,
        **_retrieval(faces, found_px, clip, judges),
    )
    return JudgedCondition(score=score, opening=mouth_opening(found_px))


def _identity(faces: np.ndarray, mesh_px: np.ndarray, clip: JudgedClip, judges: Judges) -> dict[str, float | None]:
    if judges.face_network is None:
        return {}
    places = faces_to_embed(len(faces), clip.is_still())
    vectors = embed_faces(judges.face_network, faces[places], mesh_px[places], clip.clip.image_px)
    true = judges.known[clip.key].vectors
    distances = judges.face_network.distance(vectors[:, None], true[None])
    return {
        # Against other moments: the same moment of real video would be at distance 0.
        "identity_distance": float(distances[~np.eye(len(true), dtype=bool)].mean()),
        "nearest_other_distance": nearest_other(
            judges.face_network, vectors, clip.speaker, list(judges.known.values())
        ),
    }


def _retrieval(faces: np.ndarray, found_px: np.ndarray, clip: JudgedClip, judges: Judges) -> dict[str, object]:
    group = judges.groups.get(clip.key)
    if group is None:
        return {}
    seen = see(judges.sync_network, faces, found_px, clip.clip.image_px)
    right = next(heard for heard in group if heard.key == clip.key)
    found = find_audio(judges.sync_network, seen, int(clip.frames[0]), right, group)
    return {} if found is None else dataclasses.asdict(found)


def values_of(
    scores: Sequence[ClipScore], number: Callable[[ClipScore], float | None]
) -> tuple[np.ndarray, np.ndarray]:
    """A number of each clip that has it, and the clips' speakers."""
    held = [(value, score.speaker) for score in scores if (value := number(score)) is not None]
    return np.array([value for value, _ in held], np.float64), np.array([speaker for _, speaker in held])

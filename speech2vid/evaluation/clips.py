"""The clips that generators are evaluated on: their stills, and the frames that all generators can generate."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from schemas.errors import IntegrityError, UsageError
from schemas.stored.clip import Clip, read_clips
from speech2vid.evaluation.talking_face import Stills, TalkingFace
from transforms.media.canonical import MESH_UNIT

MIN_FRAMES = 25  # a shorter clip shows too little movement
NUM_STILLS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationClip:
    """One clip and K >= 25 neighbouring frames of it. Faces are decoded at each call, not kept."""

    stored: Clip
    frames: np.ndarray  # int64 (K,)
    still_frames: np.ndarray  # int64 (NUM_STILLS,): spread over the clip

    @property
    def key(self) -> str:
        """Key of the clip."""
        return self.stored.key

    @functools.cached_property
    def speaker(self) -> str:
        """Speaker, or the source where the speaker has no name: each such source counts as one person."""
        return self.stored.row["speaker"] or self.stored.row["source_uri"]

    def faces(self) -> np.ndarray:
        """True faces RGB uint8 (K, image_px, image_px, 3)."""
        return self.stored.faces(self.frames.tolist())

    def stills(self) -> Stills:
        """Stills of the clip's person, frames of the clip itself."""
        return Stills(
            faces_rgb=self.stored.faces(self.still_frames.tolist()), meshes_px=self._stored_mesh_px(self.still_frames)
        )

    def mesh_px(self) -> np.ndarray:
        """Stored mesh of the true faces, float32 (K, 468, 3), px of the stored face."""
        return self._stored_mesh_px(self.frames)

    def is_still(self) -> np.ndarray:
        """Whether each of the K frames is one of the stills, whose pixels the generators are given: bool (K,)."""
        return np.isin(self.frames, self.still_frames)

    def _stored_mesh_px(self, frames: np.ndarray) -> np.ndarray:
        return self.stored.mesh[frames].astype(np.float32) * (self.stored.image_px / MESH_UNIT)


def read_evaluation_clips(
    dataset: str, split: str | None, where: str | None, max_clips: int, generators: Sequence[TalkingFace]
) -> tuple[list[EvaluationClip], list[str]]:
    """Read the first clips in the shards' order, and one line for each that was skipped.

    UsageError: no clip can be evaluated.
    """
    clips: list[EvaluationClip] = []
    skipped: list[str] = []
    for stored in islice(read_clips(dataset, split, where), max_clips):
        of_all = [generator.frames(stored.num_frames) for generator in generators]
        clip = EvaluationClip(
            stored=stored,
            frames=functools.reduce(np.intersect1d, of_all),
            still_frames=spread_frames(stored.num_frames, NUM_STILLS),
        )
        if reason := _skip_reason(clip):
            skipped.append(reason)
        else:
            clips.append(clip)
    if not clips:
        raise UsageError(
            f"no clip of {dataset} can be evaluated: {skipped[0] if skipped else 'the split has no clips, see --split'}"
        )
    return clips, skipped


def spread_frames(num_frames: int, num_chosen: int) -> np.ndarray:
    """Middle frames of equal parts of a clip, int64 (num_chosen,)."""
    return ((np.arange(num_chosen) + 0.5) * num_frames / num_chosen).astype(np.int64)


def _skip_reason(clip: EvaluationClip) -> str:
    """Line that says why a clip cannot be evaluated; empty when it can."""
    if len(clip.frames) < MIN_FRAMES:
        return f"{clip.key}: {len(clip.frames)} frames with a whole audio window, fewer than {MIN_FRAMES}"
    try:
        parts = clip.stored.row, clip.stored.mfcc, clip.stored.samples, clip.stored.mesh, clip.faces()
    except IntegrityError as error:
        return str(error)
    return "" if all(len(part) for part in parts) else f"{clip.key}: a part of it is empty"

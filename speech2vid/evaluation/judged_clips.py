"""The clips that a generator is judged on: their stills, and the frames that have a whole window of audio."""

import functools
from dataclasses import dataclass
from itertools import islice

import numpy as np

from schemas.errors import IntegrityError, UsageError
from schemas.stored.clip import Clip, read_clips
from speech2vid.generator.file import GeneratorShape
from speech2vid.reader.audio_features import frames_with_window
from transforms.media.canonical import MESH_UNIT

MIN_FRAMES = 25  # a shorter clip says nothing of movement


@dataclass(frozen=True, kw_only=True)
class JudgedClip:
    """One clip and K >= 25 neighbouring frames of it. Holds undecoded bytes until they are asked for."""

    clip: Clip
    frames: np.ndarray  # int64 (K,)
    still_frames: np.ndarray  # int64 (N,): spread over the clip

    @property
    def key(self) -> str:
        """The clip's."""
        return self.clip.key

    @functools.cached_property
    def speaker(self) -> str:
        """Without a speaker's name each source counts as a person of its own."""
        return self.clip.row["speaker"] or self.clip.row["source_uri"]

    def faces(self) -> np.ndarray:
        """True faces RGB uint8 (K, image_px, image_px, 3)."""
        return self.clip.faces(self.frames)

    def stills(self) -> np.ndarray:
        """RGB uint8 (N, image_px, image_px, 3)."""
        return self.clip.faces(self.still_frames)

    def mesh_px(self) -> np.ndarray:
        """Mesh of the true faces as the graph stored it, float32 (K, 468, 3), px of the stored face."""
        return self.clip.mesh[self.frames].astype(np.float32) * (self.clip.image_px / MESH_UNIT)

    def is_still(self) -> np.ndarray:
        """Whether each of the K frames was given as a still: its pixels are known, bool (K,)."""
        return np.isin(self.frames, self.still_frames)


def read_judged_clips(
    dataset: str, split: str | None, where: str | None, max_clips: int, shape: GeneratorShape
) -> tuple[list[JudgedClip], list[str]]:
    """The first clips in the shards' order, and one line for each that was left out. UsageError when none is left."""
    judged, held_out_speakers = [], []
    for clip in islice(read_clips(dataset, split, where), max_clips):
        frames = frames_with_window(clip.num_frames, shape.audio, shape.target_offset)
        if len(frames) < MIN_FRAMES:
            held_out_speakers.append(
                f"{clip.key}: {len(frames)} frames with a whole window of audio, fewer than {MIN_FRAMES}"
            )
            continue
        one = JudgedClip(clip=clip, frames=frames, still_frames=spread(clip.num_frames, shape.num_identity))
        damage = _damage(one)
        held_out_speakers += [damage] if damage else []
        judged += [] if damage else [one]
    if not judged:
        raise UsageError(
            f"no clip of {dataset} is left to judge: " + (held_out_speakers[0] if held_out_speakers else "see --split")
        )
    return judged, held_out_speakers


def spread(num_frames: int, num_chosen: int) -> np.ndarray:
    """Middles of equal parts of a clip, int64 (num_chosen,)."""
    return ((np.arange(num_chosen) + 0.5) * num_frames / num_chosen).astype(np.int64)


def _damage(judged: JudgedClip) -> str:
    try:
        parts = judged.clip.row, judged.clip.mfcc, judged.clip.samples, judged.clip.mesh, judged.faces()
    except IntegrityError as error:
        return str(error)
    return "" if all(len(part) for part in parts) else f"{judged.key}: empty"

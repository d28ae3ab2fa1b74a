"""The conditions that are compared on each clip: generators, baselines without one, and real video."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from speech2vid.evaluation.clips import EvaluationClip
from speech2vid.evaluation.talking_face import TalkingFace

GENERATED, ONE_STILL, WRONG_AUDIO = (
    "generated from five stills",
    "generated from one still",
    "generated from wrong audio",
)
STILL, MEAN_STILLS, MEAN_FACE, OWN_MEAN, OTHER_CLIP, REAL = (
    "a still image",
    "mean of the stills",
    "mean face of other people",
    "the clip's own mean face",
    "another clip of the same speaker",
    "real video",
)
"""Names of the conditions; each compared generator has two of its own, see compared_conditions."""
MIN_WRONG_AUDIO = 8
"""Fewer wrong audios say little about what a mouth does by chance."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """What one clip's frames look like in one condition."""

    condition: str
    faces_rgb: np.ndarray  # uint8 (<= K, S, S, 3); S differs by condition
    audio: str  # key of the clip whose audio the mouth says, or would say
    moves: bool = True  # False: one image
    still_rgb: np.ndarray | None = None  # uint8 (image_px, image_px, 3): the one still that it was generated from


def compared_conditions(generator: TalkingFace) -> tuple[str, str]:
    """Conditions of a compared generator: from five stills and from one."""
    return f"{generator.name}, five stills", f"{generator.name}, one still"


def all_conditions(compared: Sequence[TalkingFace]) -> list[str]:
    """Names of all conditions in the order of the tables."""
    of_compared = [name for generator in compared for name in compared_conditions(generator)]
    baselines = [STILL, MEAN_STILLS, MEAN_FACE, OWN_MEAN, OTHER_CLIP, REAL]
    return [GENERATED, ONE_STILL, WRONG_AUDIO, *of_compared, *baselines]


def shown_of(
    generators: Sequence[TalkingFace],
    clip: EvaluationClip,
    clips: Sequence[EvaluationClip],
    wrong: Sequence[EvaluationClip],
    mean_faces: dict[str, np.ndarray],
) -> Iterator[Shown]:
    """One clip in every condition that it has material for.

    generators: the first is evaluated, the others are compared with it. clips: all clips. wrong: those whose audio is
    the control. mean_faces: mean still of each speaker, float (image_px, image_px, 3).
    """
    yield from _generated(generators[0], (GENERATED, ONE_STILL), clip)
    for other in wrong:
        faces = generators[0].faces(clip.stills(), other.stored, other.frames[: len(clip.frames)])
        yield Shown(condition=WRONG_AUDIO, faces_rgb=faces, audio=other.key)
    for compared in generators[1:]:
        yield from _generated(compared, compared_conditions(compared), clip)
    yield from _baselines(clip, clips, mean_faces)


def _generated(generator: TalkingFace, conditions: tuple[str, str], clip: EvaluationClip) -> Iterator[Shown]:
    stills, (from_five, from_one) = clip.stills(), conditions
    faces = generator.faces(stills, clip.stored, clip.frames)
    yield Shown(condition=from_five, faces_rgb=faces, audio=clip.key)
    faces = generator.faces(stills.first(), clip.stored, clip.frames)
    yield Shown(condition=from_one, faces_rgb=faces, audio=clip.key, still_rgb=stills.faces_rgb[0])


def _baselines(
    clip: EvaluationClip, clips: Sequence[EvaluationClip], mean_faces: dict[str, np.ndarray]
) -> Iterator[Shown]:
    stills, true = clip.stills().faces_rgb, clip.faces()
    other_means = [face for speaker, face in mean_faces.items() if speaker != clip.speaker]
    images = {STILL: stills[0], MEAN_STILLS: stills.mean(0), OWN_MEAN: true.mean(0)}
    if other_means:
        images[MEAN_FACE] = np.mean(other_means, 0)
    for condition, image in images.items():
        repeated = np.broadcast_to(np.round(image).astype(np.uint8), true.shape)
        yield Shown(condition=condition, faces_rgb=repeated, audio=clip.key, moves=False)
    same = other_clip(clip, clips)
    if same is not None:
        yield Shown(condition=OTHER_CLIP, faces_rgb=same.faces()[: len(true)], audio=same.key)
    yield Shown(condition=REAL, faces_rgb=true, audio=clip.key)


def wrong_audio(clips: Sequence[EvaluationClip]) -> dict[str, list[EvaluationClip]]:
    """Clips of other people whose audio each clip's face says as a control, by key; empty without another person.

    So many of each clip that an evaluation has MIN_WRONG_AUDIO pairs or more. The least used clips come first, so that
    the audios differ as far as there are others; of these the longest ones, as far as the clip needs them.
    """
    used: Counter[str] = Counter()
    chosen = {}
    for clip in clips:
        others = [other for other in clips if other.speaker != clip.speaker]
        others.sort(key=lambda other: (used[other.key], -min(len(other.frames), len(clip.frames)), other.key))
        chosen[clip.key] = others[: -(-MIN_WRONG_AUDIO // len(clips))]
        used.update(other.key for other in chosen[clip.key])
    return chosen


def other_clip(clip: EvaluationClip, clips: Sequence[EvaluationClip]) -> EvaluationClip | None:
    """The longest other clip of the same person; None without one."""
    same = [other for other in clips if other.speaker == clip.speaker and other.key != clip.key]
    return max(same, key=lambda other: (len(other.frames), other.key), default=None)


def mean_stills(clips: Sequence[EvaluationClip]) -> dict[str, np.ndarray]:
    """Mean of the stills of each speaker's clips, by speaker."""
    speakers = sorted({clip.speaker for clip in clips})
    return {
        speaker: np.mean([clip.stills().faces_rgb.mean(0) for clip in clips if clip.speaker == speaker], 0)
        for speaker in speakers
    }

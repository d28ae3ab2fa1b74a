"""Numbers of one trained variant, by the scores of `talkshard evaluate`, without the judges and the films of it.

A variant is scored from its own number of stills and with wrong audio; the references only once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.ablations.numbers import numbers_of
from speech2vid.evaluation.clip_scores import ClipScore, ClipScorer, Scorers
from speech2vid.evaluation.clips import EvaluationClip, read_evaluation_clips
from speech2vid.evaluation.conditions import GENERATED, MEAN_STILLS, REAL, STILL, WRONG_AUDIO, Shown, wrong_audio
from speech2vid.evaluation.generators import PixelFace
from speech2vid.evaluation.identity import reference_faces
from speech2vid.generator.file import DeblurringFile, GeneratorFile
from transforms.faces.mesh import MediaPipeMesh
from transforms.people.face_networks import load_face_network

REFERENCES = (STILL, MEAN_STILLS, REAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredOn:
    """The clips that all variants are scored on, and the network that compares identities."""

    dataset: str
    split: str
    where: str | None
    max_clips: int
    face_network: str


def score_generator(
    generator: Path, deblurring: Path | None, on: ScoredOn, *, with_references: bool
) -> dict[str, dict[str, float | None]]:
    """Numbers by condition: of the generator, and of the references where they are asked for."""
    sharpener = DeblurringFile(deblurring) if deblurring else None
    face = PixelFace(network=GeneratorFile(generator), deblurring=sharpener)
    clips, _ = read_evaluation_clips(on.dataset, on.split, on.where, on.max_clips, [face])
    scorers = _scorers(clips, on.face_network)
    scores: list[ClipScore] = []
    for clip in clips:
        scorer = ClipScorer(clip, scorers)
        shown = _generated(face, clip, clips)
        scores += [scorer.score(one).score for one in shown]
        if with_references:
            scores += [scorer.score(one).score for one in _references(clip)]
    conditions = (GENERATED, *(REFERENCES if with_references else ()))
    return {condition: numbers_of(scores, condition) for condition in conditions}


def _scorers(clips: Sequence[EvaluationClip], face_network: str) -> Scorers:
    network = load_face_network(face_network)
    references = {} if network is None else {clip.key: reference_faces(network, clip) for clip in clips}
    return Scorers(
        mesh=MediaPipeMesh(), face_network=network, references=references, judge=None, second_judge=None, timings=None
    )


def _generated(face: PixelFace, clip: EvaluationClip, clips: Sequence[EvaluationClip]) -> Iterator[Shown]:
    stills = clip.stills()
    faces = face.faces(stills, clip.stored, clip.frames)
    yield Shown(condition=GENERATED, faces_rgb=faces, audio=clip.key)
    for other in wrong_audio(clips)[clip.key]:
        faces = face.faces(stills, other.stored, other.frames[: len(clip.frames)])
        yield Shown(condition=WRONG_AUDIO, faces_rgb=faces, audio=other.key)


def _references(clip: EvaluationClip) -> Iterator[Shown]:
    stills, true = clip.stills().faces_rgb, clip.faces()
    for condition, image in ((STILL, stills[0]), (MEAN_STILLS, stills.mean(0))):
        repeated = np.broadcast_to(np.round(image).astype(np.uint8), true.shape)
        yield Shown(condition=condition, faces_rgb=repeated, audio=clip.key, moves=False)
    yield Shown(condition=REAL, faces_rgb=true, audio=clip.key)

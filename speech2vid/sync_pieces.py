"""Pieces of clips with their own sound and with wrong ones, as a network's curves describe them."""
from dataclasses import dataclass

import numpy as np

from schemas.clock import FRAME_RATE
from speech2vid.sync_scoring import EmbeddedClip
from transforms.speakers.evidence import features, weigh
from transforms.speakers.sync_scores import MAX_SHIFT, similarity

LENGTHS_S = (1, 2, 3, 5, 10)
RIGHT, WRONG = "own", ("other_person", "own_other_clip", "moved", "reversed")
_MARGINS_FRAMES = (0, FRAME_RATE)  # sound beyond the face's ends: of a clip cut out, and of a track within a recording
_LEAST_MOVED_FRAMES, _MOST_MOVED_FRAMES = MAX_SHIFT + 5, MAX_SHIFT + 60
_LEAST_SPEECH = 1 / 3  # of a piece


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPiece:
    """One piece of a face with one sound."""

    speaker: str
    length_s: int
    kind: str  # RIGHT or one of WRONG
    features: np.ndarray  # float64 (F,): evidence.features

    @property
    def cell(self) -> tuple[bool, int, str]:
        """Pieces that share one weight."""
        return self.kind == RIGHT, self.length_s, self.speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    clip: EmbeddedClip
    number: int  # of the clip
    start: int  # frame
    length: int  # frames


def judge_pieces(clips: list[EmbeddedClip], backwards: list[EmbeddedClip], strangers: list[EmbeddedClip],
                 seed: int) -> list[JudgedPiece]:
    """Pieces of clips of 1 to 10 s with their own sound and with each kind of wrong one.

    backwards: the same clips with the sound reversed. strangers: clips of other people whose sound alone is used,
    besides that of the clips' own other people.
    """
    random, pieces = np.random.default_rng(seed), []
    for length_s in LENGTHS_S:
        stretches, others = (_stretches(own, length_s * FRAME_RATE) for own in (clips, strangers))
        for face in stretches:
            for kind, sound in _sounds(face, stretches, others, backwards, random):
                length = min(face.length, sound.length)
                found = [_judged(face, sound, length, margin) for margin in _MARGINS_FRAMES]
                pieces += [JudgedPiece(speaker=face.clip.speaker, length_s=length_s, kind=kind, features=values)
                           for values in found if values is not None]
    return pieces


def _judged(face: _Stretch, sound: _Stretch, length: int, margin: int) -> np.ndarray | None:
    """Features of a face with a sound; None where there is nothing to compare."""
    first, last = max(0, sound.start - margin), sound.start + length + margin
    scores = similarity(face.clip.face[face.start:face.start + length], sound.clip.sound[first:last],
                        first - sound.start, sound.clip.speech[first:last])
    evidence = weigh(scores, None)
    return evidence and features(evidence.measured, evidence.lag_se_frames, evidence.num_frames)


def _stretches(clips: list[EmbeddedClip], length: int) -> list[_Stretch]:
    """Whole stretches with speech; a clip shorter than one by less than a fifth is one."""
    found = []
    for number, clip in enumerate(clips):
        own = min(length, len(clip.face)) if len(clip.face) >= 0.8 * length else length
        found += [_Stretch(clip=clip, number=number, start=start, length=own)
                  for start in range(0, len(clip.face) - own + 1, own)]
    return [stretch for stretch in found if _has_speech(stretch)]


def _has_speech(stretch: _Stretch) -> bool:
    return stretch.clip.speech[stretch.start:stretch.start + stretch.length].sum() >= _LEAST_SPEECH * stretch.length


def _sounds(face: _Stretch, stretches: list[_Stretch], others: list[_Stretch], backwards: list[EmbeddedClip],
            random: np.random.Generator) -> list[tuple[str, _Stretch]]:
    """The right sound and, of each kind that there is, a wrong one."""
    speaker, clip = face.clip.speaker, face.clip
    most = len(clip.face) - face.length - face.start
    moves = [move for move in range(-face.start, most + 1) if _LEAST_MOVED_FRAMES <= abs(move) <= _MOST_MOVED_FRAMES]
    choices = {
        WRONG[0]: [other for other in [*stretches, *others] if other.clip.speaker != speaker],
        WRONG[1]: [other for other in stretches if other.clip.speaker == speaker and other.number != face.number],
        WRONG[2]: [_Stretch(clip=clip, number=face.number, start=face.start + move, length=face.length)
                   for move in moves],
        WRONG[3]: [_Stretch(clip=backwards[face.number], number=face.number, start=face.start, length=face.length)],
    }
    wrong = [(kind, own[random.integers(len(own))]) for kind, own in choices.items() if own]
    return [(RIGHT, face), *((kind, sound) for kind, sound in wrong if _has_speech(sound))]

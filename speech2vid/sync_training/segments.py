"""Pieces of clips with their own audio and with wrong ones, each seen and heard as if it were the whole recording.

A network's vectors of a moment hang on the seconds around it: pieces of a whole clip's vectors would know more than
the network does in use.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from speech2vid.sync_training.clips import TalkingClip, speech_frames
from transforms.speakers.sync_result import features, weigh
from transforms.speakers.sync_scores import MAX_SHIFT, similarity

LENGTHS_S = (1, 2, 3, 5, 10)
RIGHT, WRONG = "own", ("other_person", "own_other_clip", "moved", "reversed")
_MARGINS_FRAMES = (0, FRAME_RATE)  # audio beyond the face's ends: of a clip cut out, and of a track within a recording
_MIN_MOVED_FRAMES, _MAX_MOVED_FRAMES = MAX_SHIFT + 5, MAX_SHIFT + 60
_MIN_SPEECH = 1 / 3  # of a piece


class SegmentNetwork(Protocol):
    """What makes vectors of a piece."""

    def embed_face(self, positions: np.ndarray) -> np.ndarray:
        """Vectors float32 (T, E) of lip positions (T, 192)."""

    def embed_audio(self, samples: np.ndarray) -> np.ndarray:
        """Vectors float32 (S, E) of int16 samples (640 S,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSegment:
    """One piece of a face with one audio."""

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
    clip: TalkingClip
    number: int  # of the clip
    samples: np.ndarray  # int16 (640 T,): of the whole clip, reversed or not
    speech: np.ndarray  # bool (T,): of the whole clip
    start: int  # frame
    length: int  # frames

    @property
    def has_speech(self) -> bool:
        """Whether there is enough to judge."""
        return self.speech[self.start : self.start + self.length].sum() >= _MIN_SPEECH * self.length


def judge_segments(
    clips: list[TalkingClip], negative_speakers: list[TalkingClip], network: SegmentNetwork, seed: int
) -> list[JudgedSegment]:
    """Pieces of clips of 1 to 10 s with their own audio and with each kind of wrong one.

    negative_speakers: clips of other people whose audio alone is used, besides that of the clips' own other people.
    """
    random, pieces = np.random.default_rng(seed), []
    for length_s in LENGTHS_S:
        stretches, others = (_stretches(own, length_s * FRAME_RATE) for own in (clips, negative_speakers))
        for face in stretches:
            vectors = network.embed_face(face.clip.positions[face.start : face.start + face.length])
            for kind, audio in _sounds(face, stretches, others, random):
                found = [_judged(vectors, audio, margin, network) for margin in _MARGINS_FRAMES]
                pieces += [
                    JudgedSegment(speaker=face.clip.speaker, length_s=length_s, kind=kind, features=values)
                    for values in found
                    if values is not None
                ]
    return pieces


def _judged(face: np.ndarray, audio: _Stretch, margin: int, network: SegmentNetwork) -> np.ndarray | None:
    """Features of a face's vectors with audio; None where there is nothing to compare."""
    length = min(len(face), audio.length)
    first, last = max(0, audio.start - margin), min(len(audio.speech), audio.start + length + margin)
    vectors = network.embed_audio(audio.samples[first * SAMPLES_PER_FRAME : last * SAMPLES_PER_FRAME])
    evidence = weigh(similarity(face[:length], vectors, first - audio.start, audio.speech[first:last]), None)
    return evidence and features(evidence.measured, evidence.lag_se_frames, evidence.num_frames)


def _stretches(clips: list[TalkingClip], length: int) -> list[_Stretch]:
    """Whole stretches with speech; a clip shorter than one by less than a fifth is one."""
    found = []
    for number, clip in enumerate(clips):
        own, speech = min(length, len(clip)) if len(clip) >= 0.8 * length else length, speech_frames(clip.columns)
        found += [
            _Stretch(clip=clip, number=number, samples=clip.samples, speech=speech, start=start, length=own)
            for start in range(0, len(clip) - own + 1, own)
        ]
    return [stretch for stretch in found if stretch.has_speech]


def _sounds(
    face: _Stretch, stretches: list[_Stretch], others: list[_Stretch], random: np.random.Generator
) -> list[tuple[str, _Stretch]]:
    """The right audio and, of each kind that there is, a wrong one."""
    speaker, most = face.clip.speaker, len(face.clip) - face.length - face.start
    moves = [move for move in range(-face.start, most + 1) if _MIN_MOVED_FRAMES <= abs(move) <= _MAX_MOVED_FRAMES]
    choices = {
        WRONG[0]: [other for other in [*stretches, *others] if other.clip.speaker != speaker],
        WRONG[1]: [other for other in stretches if other.clip.speaker == speaker and other.number != face.number],
        WRONG[2]: [replace(face, start=face.start + move) for move in moves],
        WRONG[3]: [replace(face, samples=face.samples[::-1], speech=face.speech[::-1])],
    }
    wrong = [(kind, own[random.integers(len(own))]) for kind, own in choices.items() if own]
    return [(RIGHT, face), *((kind, audio) for kind, audio in wrong if audio.has_speech)]

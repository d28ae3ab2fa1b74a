"""Segments of clips with their own audio and with wrong audio, each embedded as if it were the whole recording.

A network's vectors at a moment depend on the seconds around it: segments of a whole clip's vectors would hold more
information than the network has in use.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from speech2vid.sync_training.clips import TalkingClip, speech_frames
from transforms.speakers.score_sync import features, score_sync
from transforms.speakers.sync_scores import MAX_SHIFT, similarity

LENGTHS_S = (1, 2, 3, 5, 10)
RIGHT, WRONG = "own", ("other_person", "own_other_clip", "moved", "reversed")
_MARGINS_FRAMES = (0, FRAME_RATE)  # audio beyond the face's ends: as of a stored clip, and of a track in a recording
_MIN_MOVED_FRAMES, _MAX_MOVED_FRAMES = MAX_SHIFT + 5, MAX_SHIFT + 60
_MIN_SPEECH = 1 / 3  # of a segment


class SegmentNetwork(Protocol):
    """A sync network that embeds segments."""

    def embed_face(self, positions: np.ndarray) -> np.ndarray:
        """Vectors float32 (T, E) of lip positions (T, 192)."""

    def embed_audio(self, samples: np.ndarray) -> np.ndarray:
        """Vectors float32 (S, E) of int16 samples (640 S,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredSegment:
    """One segment of a face, scored with one audio."""

    speaker: str
    length_s: int
    kind: str  # RIGHT or one of WRONG
    features: np.ndarray  # float64 (F,): see score_sync.features

    @property
    def cell(self) -> tuple[bool, int, str]:
        """Segments of one cell share one weight."""
        return self.kind == RIGHT, self.length_s, self.speaker


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Segment:
    """A segment of a clip."""

    clip: TalkingClip
    number: int  # of the clip
    samples: np.ndarray  # int16 (640 T,): of the whole clip, reversed or not
    speech: np.ndarray  # bool (T,): of the whole clip
    start: int  # frame
    length: int  # frames

    @property
    def has_speech(self) -> bool:
        """Whether there is enough speech to score."""
        return bool(self.speech[self.start : self.start + self.length].sum() >= _MIN_SPEECH * self.length)


def score_segments(
    clips: list[TalkingClip], negative_speakers: list[TalkingClip], network: SegmentNetwork, seed: int
) -> list[ScoredSegment]:
    """Score segments of clips, 1 to 10 s long, with their own audio and with each kind of wrong audio.

    negative_speakers: clips of more speakers, of which the audio alone is used.
    """
    random = np.random.default_rng(seed)
    scored: list[ScoredSegment] = []
    for length_s in LENGTHS_S:
        segments, negatives = (_segments(given, length_s * FRAME_RATE) for given in (clips, negative_speakers))
        for face in segments:
            scored += _scored(face, segments, negatives, length_s, network, random)
    return scored


def _scored(
    face: _Segment,
    segments: list[_Segment],
    negatives: list[_Segment],
    length_s: int,
    network: SegmentNetwork,
    random: np.random.Generator,
) -> Iterator[ScoredSegment]:
    """One face with each of its audios, and each of these with both margins."""
    vectors = network.embed_face(face.clip.positions[face.start : face.start + face.length])
    for kind, audio in _audios(face, segments, negatives, random):
        for margin in _MARGINS_FRAMES:
            values = _features(vectors, audio, margin, network)
            if values is not None:
                yield ScoredSegment(speaker=face.clip.speaker, length_s=length_s, kind=kind, features=values)


def _features(face: np.ndarray, audio: _Segment, margin: int, network: SegmentNetwork) -> np.ndarray | None:
    """Features of a face's vectors with audio; None where there is nothing to compare."""
    length = min(len(face), audio.length)
    first, last = max(0, audio.start - margin), min(len(audio.speech), audio.start + length + margin)
    vectors = network.embed_audio(audio.samples[first * SAMPLES_PER_FRAME : last * SAMPLES_PER_FRAME])
    result = score_sync(similarity(face[:length], vectors, first - audio.start, audio.speech[first:last]), None)
    return None if result is None else features(result)


def _segments(clips: list[TalkingClip], length: int) -> list[_Segment]:
    """Whole segments with speech; a clip that is shorter by less than a fifth is one segment."""
    found = []
    for number, clip in enumerate(clips):
        fitted, speech = min(length, len(clip)) if len(clip) >= 0.8 * length else length, speech_frames(clip.columns)
        found += [
            _Segment(clip=clip, number=number, samples=clip.samples, speech=speech, start=start, length=fitted)
            for start in range(0, len(clip) - fitted + 1, fitted)
        ]
    return [segment for segment in found if segment.has_speech]


def _audios(
    face: _Segment, segments: list[_Segment], negatives: list[_Segment], random: np.random.Generator
) -> list[tuple[str, _Segment]]:
    """The right audio, and one wrong audio of each kind that exists."""
    speaker, max_move = face.clip.speaker, len(face.clip) - face.length - face.start
    moves = [move for move in range(-face.start, max_move + 1) if _MIN_MOVED_FRAMES <= abs(move) <= _MAX_MOVED_FRAMES]
    choices = {
        WRONG[0]: [other for other in [*segments, *negatives] if other.clip.speaker != speaker],
        WRONG[1]: [other for other in segments if other.clip.speaker == speaker and other.number != face.number],
        WRONG[2]: [replace(face, start=face.start + move) for move in moves],
        WRONG[3]: [replace(face, samples=face.samples[::-1], speech=face.speech[::-1])],
    }
    wrong = [(kind, audios[random.integers(len(audios))]) for kind, audios in choices.items() if audios]
    return [(RIGHT, face), *((kind, audio) for kind, audio in wrong if audio.has_speech)]

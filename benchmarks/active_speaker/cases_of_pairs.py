"""One face and one audio that is right, or wrong in a known way."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import Outcome, heard
from benchmarks.active_speaker.pieces import Face, LaidAudio, Piece, laid_audio, own_audio, pieces_by_length
from benchmarks.active_speaker.sounds import random_of, replaced_by_noise, reversed_audio, silenced
from schemas.clock import FRAME_RATE

GROUP = "pairs"
RIGHT, OTHER_PERSON, OTHER_SENTENCE = "right", "another person", "same person, other sentence"
_MOVED_FRAMES = FRAME_RATE  # beyond the 15 frames that are searched
_MIN_APART_FRAMES = 2 * FRAME_RATE  # of two stretches of one recording
_MAX_PAIRS = 2000  # of a kind and a length


def judge_pairs(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Right and wrong sounds at every length."""
    for length_s, pieces in pieces_by_length(faces).items():
        for piece in pieces:
            yield from judge_own(judge, piece, length_s, seed)
        for kind, is_partner in ((OTHER_PERSON, is_another_person), (OTHER_SENTENCE, is_another_sentence)):
            pairs = [pair for pair in product(pieces, pieces) if is_partner(*pair)]
            for piece, other in drawn(pairs, _MAX_PAIRS, random_of(seed, GROUP, kind, str(length_s))):
                audio = laid_audio(other.face, other.start_frame, piece.num_frames)
                yield judged(judge, piece, audio, kind, length_s, other.name)


def judge_own(judge: Judge, piece: Piece, length_s: int, seed: int) -> Iterator[Outcome]:
    """The piece's own audio, as it is and spoilt."""
    own = own_audio(piece)
    yield judged(judge, piece, own, RIGHT, length_s, piece.name, piece.lag_frames)
    spoilt = {
        "1 s off": moved_off(piece),
        "reversed": reversed_audio(own),
        "silence": silenced(own),
        "speech-shaped noise": replaced_by_noise(own, piece.face, random_of(seed, GROUP, piece.name)),
    }
    for kind, audio in spoilt.items():
        yield judged(judge, piece, audio, kind, length_s, piece.name)


def moved_off(piece: Piece) -> LaidAudio:
    """The piece's own audio a second late or early, whichever has more speech under the piece."""
    return max(
        (own_audio(piece, late) for late in (_MOVED_FRAMES, -_MOVED_FRAMES)),
        key=lambda audio: int(audio.counts[FRAME_RATE:-FRAME_RATE].sum()),
    )


def judged(
    judge: Judge,
    piece: Piece,
    audio: LaidAudio,
    kind: str,
    length_s: int,
    audio_name: str,
    true_lag_frames: float | None = None,
    group: str = GROUP,
) -> Outcome:
    """Evidence and verdict; `value` is by how many frames the stage would move the audio of a face that it keeps."""
    tube = piece.tube()
    verdict, applied_frames = judge.verdict(piece.face, tube, audio)
    return Outcome(
        group=group,
        kind=kind,
        length_s=length_s,
        speaker=piece.speaker,
        face=piece.name,
        audio=audio_name,
        true_lag_frames=true_lag_frames,
        verdict=verdict,
        value=applied_frames,
        yaw_deg=piece.face.track.row.yaw_deg,
        **heard(judge.weigh(tube, audio)),
    )


def is_another_person(piece: Piece, other: Piece) -> bool:
    """Whether the audio is somebody else's."""
    return piece.speaker != other.speaker


def is_another_sentence(piece: Piece, other: Piece) -> bool:
    """Whether the audio is the same person's from another recording, or from two seconds away in a long one."""
    if piece.speaker != other.speaker:
        return False
    if piece.face is not other.face:
        return True
    apart = max(piece.start_frame, other.start_frame) - min(piece.end_frame, other.end_frame)
    return apart >= _MIN_APART_FRAMES


def drawn(cases: list, most: int, rng: np.random.Generator) -> list:
    """All cases, or a sample of them in their order."""
    if len(cases) <= most:
        return cases
    return [cases[number] for number in np.sort(rng.choice(len(cases), most, replace=False))]

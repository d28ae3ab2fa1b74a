"""Several faces and one voice: the right one, nobody, and who speaks when."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations

import numpy as np

from benchmarks.active_speaker.cases_of_pairs import drawn, is_another_person
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import KEPT, Outcome, heard
from benchmarks.active_speaker.pieces import Face, Piece, cut_pieces, held_still, is_voiced, laid_audio, own_audio
from benchmarks.active_speaker.sounds import handed_over, random_of
from schemas.clock import FRAME_RATE, seconds_from_frames
from transforms.speakers.find_speakers import AUDIO_MARGIN_FRAMES

FACES, HANDOVER, VOICE_OVER = "faces", "handover", "voice_over"
RIGHT, WRONG, BOTH, NOBODY = "right", "wrong", "both", "nobody"
_MAX_CASES = 300
_MIN_HANDOVER_FRAMES, _MAX_HANDOVER_FRAMES = 70, 10 * FRAME_RATE
_SURE_FRAMES = 5  # of speech on each side of a hand-over
_MIN_SILENT_FRAMES = FRAME_RATE
_SILENT_EDGE_FRAMES = 3  # lips open before the voice and close after it


def judge_faces(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Two and three faces side by side, all moving; the audio is the first one's."""
    for num_faces, length_s in ((2, 1), (2, 3), (2, 5), (3, 3)):
        pieces = [piece for face in faces for piece in cut_pieces(face, length_s)]
        for group in _groups(pieces, num_faces, random_of(seed, FACES, f"{num_faces} {length_s}")):
            yield _who_speaks(judge, group, f"{num_faces} faces", length_s)


def _groups(pieces: list[Piece], num_faces: int, rng: np.random.Generator) -> list[tuple[Piece, ...]]:
    """Pieces of different people: all pairs; of three and more faces, two others drawn for each pair."""
    pairs = drawn([pair for pair in permutations(pieces, 2) if is_another_person(*pair)], _MAX_CASES, rng)
    groups = [tuple(pair) for pair in pairs]
    for _ in range(num_faces - 2):
        wider = []
        for group in groups:
            others = [piece for piece in pieces if all(is_another_person(piece, known) for known in group)]
            wider += [(*group, others[rng.integers(len(others))])] if others else []
        groups = wider
    return groups


def _who_speaks(judge: Judge, group: Sequence[Piece], kind: str, length_s: int) -> Outcome:
    """`found`: what the stage says; `value`: 1 when the right face has the best evidence, else 0."""
    num_frames = min(piece.num_frames for piece in group)
    pieces = [piece.first(num_frames) for piece in group]
    tubes, audio = [piece.tube() for piece in pieces], own_audio(pieces[0])
    named = {turn.track.name for turn in judge.decide([piece.face for piece in pieces], tubes, audio).turns.turns}
    judged = [
        Outcome(group="", kind="", length_s=0, speaker="", face="", audio="", **heard(judge.weigh(tube, audio)))
        for tube in tubes
    ]
    found = NOBODY if not named else WRONG if "t000" not in named else RIGHT if len(named) == 1 else BOTH
    return Outcome(
        group=FACES,
        kind=kind,
        length_s=length_s,
        speaker=pieces[0].speaker,
        face=" | ".join(piece.name for piece in pieces),
        audio=pieces[0].name,
        answer=RIGHT,
        found=found,
        value=float(judged[0].score > max(other.score for other in judged[1:])),
    )


def judge_handovers(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Two faces that move all the time; the audio is the first one's, then the second's."""
    pairs = [(first, second) for first, second in permutations(faces, 2) if first.clip.speaker != second.clip.speaker]
    for first, second in drawn(pairs, _MAX_CASES, random_of(seed, HANDOVER)):
        num_frames = min(
            _MAX_HANDOVER_FRAMES, *(face.track.end_frame - face.track.start_frame for face in (first, second))
        )
        frame = _handover_frame(first, second, num_frames)
        if frame is not None:
            yield _handover(judge, first, second, num_frames, frame)


def _handover_frame(first: Face, second: Face, num_frames: int) -> int | None:
    """Where in the middle third both speak, nearest to the middle; None where nowhere."""
    if num_frames < _MIN_HANDOVER_FRAMES:
        return None
    voiced = [face.voiced(face.track.start_frame, face.track.start_frame + num_frames) for face in (first, second)]
    middle = num_frames // 2
    possible = [
        frame
        for frame in range(num_frames // 3, 2 * num_frames // 3)
        if voiced[0][frame - _SURE_FRAMES : frame].all()
        and voiced[1][frame : frame + _SURE_FRAMES].all()
        and 3 * voiced[0][:frame].sum() >= frame
        and 3 * voiced[1][frame:].sum() >= num_frames - frame
    ]
    return min(possible, key=lambda frame: (abs(frame - middle), frame), default=None)


def _handover(judge: Judge, first: Face, second: Face, num_frames: int, frame: int) -> Outcome:
    """`value`: by how many seconds the hand-over is missed; None when the two do not speak one after the other."""
    pieces = [
        Piece(face=face, start_frame=face.track.start_frame, end_frame=face.track.start_frame + num_frames)
        for face in (first, second)
    ]
    audio = handed_over(own_audio(pieces[0]), own_audio(pieces[1]), frame, AUDIO_MARGIN_FRAMES)
    turns = judge.decide([first, second], [piece.tube() for piece in pieces], audio).turns.turns
    ends = [turn.end_frame for turn in turns if turn.track.name == "t000"]
    starts = [turn.start_frame for turn in turns if turn.track.name == "t001"]
    error_s = None
    if ends and starts:
        # Turns are grown alike at both ends: the hand-over is in the middle between them.
        found = (max(ends) + min(starts)) / 2 - AUDIO_MARGIN_FRAMES
        error_s = (found - frame) / FRAME_RATE
    return Outcome(
        group=HANDOVER,
        kind="2 faces",
        length_s=0,
        speaker=pieces[0].speaker,
        face=" | ".join(piece.name for piece in pieces),
        value=error_s,
        audio=f"{pieces[0].name}, after {seconds_from_frames(frame):.2f} s {pieces[1].name}",
    )


def judge_voice_over(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Another person's voice over a face that is silent, and over a photograph of one."""
    spoken = [piece for face in faces for piece in cut_pieces(face, 3)]
    silent = [("silent face", piece) for face in faces for piece in _silent_pieces(face)]
    for kind, piece in [*silent, *(("photograph", piece) for piece in spoken)]:
        others = [
            other for other in spoken if is_another_person(piece, other) and is_voiced(other.first(piece.num_frames))
        ]
        for other in drawn(others, 4, random_of(seed, VOICE_OVER, kind, piece.name)):
            tube = piece.tube() if kind == "silent face" else held_still(piece.tube(), 0, piece.num_frames)
            audio = laid_audio(other.face, other.start_frame, piece.num_frames)
            verdict, _ = judge.verdict(piece.face, tube, audio)
            yield Outcome(
                group=VOICE_OVER,
                kind=kind,
                length_s=0,
                speaker=piece.speaker,
                face=piece.name,
                audio=other.name,
                answer=NOBODY,
                found=piece.speaker if verdict == KEPT else NOBODY,
                verdict=verdict,
                **heard(judge.weigh(tube, audio)),
            )


def _silent_pieces(face: Face) -> list[Piece]:
    """Stretches of one to three seconds in which the face's own audio has no speech."""
    start, end = face.track.start_frame, face.track.end_frame
    loud = np.flatnonzero(face.voiced(start, end))
    marks = [-_SILENT_EDGE_FRAMES, *loud.tolist(), end - start + _SILENT_EDGE_FRAMES]
    spans = [(start + low + _SILENT_EDGE_FRAMES, start + high - _SILENT_EDGE_FRAMES) for low, high in pairwise(marks)]
    return [
        Piece(face=face, start_frame=low, end_frame=min(high, low + 3 * FRAME_RATE))
        for low, high in spans
        if high - low >= _MIN_SILENT_FRAMES
    ]

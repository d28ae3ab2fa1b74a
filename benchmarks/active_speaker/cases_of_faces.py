"""Several faces and one voice: the active speaker, no speaker in view, and hand-overs."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations

import numpy as np

from benchmarks.active_speaker.audio_changes import handed_over, random_of
from benchmarks.active_speaker.cases_of_pairs import drawn, is_another_person
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import KEPT, Outcome, sync_fields
from benchmarks.active_speaker.segments import (
    Face,
    Segment,
    audio_under,
    cut_segments,
    held_still,
    is_voiced,
    own_audio,
)
from schemas.clock import FRAME_RATE, seconds_from_frames
from transforms.speakers.audio_embedding import AUDIO_MARGIN_FRAMES

FACES, HANDOVER, VOICE_OVER = "faces", "handover", "voice_over"
RIGHT, WRONG, BOTH, NO_SPEAKER = "right", "wrong", "both", "no_speaker"
_MAX_CASES = 300
_MIN_HANDOVER_FRAMES, _MAX_HANDOVER_FRAMES = 70, 10 * FRAME_RATE
_SURE_FRAMES = 5  # of speech on each side of a hand-over
_MIN_SILENT_FRAMES = FRAME_RATE
_SILENT_EDGE_FRAMES = 3  # lips open before the voice and close after it


def judge_faces(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Two and three faces side by side, all speaking; the audio is that of the first."""
    for num_faces, length_s in ((2, 1), (2, 3), (2, 5), (3, 3)):
        segments = [segment for face in faces for segment in cut_segments(face, length_s)]
        for group in _groups(segments, num_faces, random_of(seed, FACES, f"{num_faces} {length_s}")):
            yield _who_speaks(judge, group, f"{num_faces} faces", length_s)


def _groups(segments: list[Segment], num_faces: int, rng: np.random.Generator) -> list[tuple[Segment, ...]]:
    """Segments of different people: all pairs; for three and more faces, others are drawn for each pair."""
    pairs = drawn([pair for pair in permutations(segments, 2) if is_another_person(*pair)], _MAX_CASES, rng)
    groups = [tuple(pair) for pair in pairs]
    for _ in range(num_faces - 2):
        wider = []
        for group in groups:
            others = [segment for segment in segments if all(is_another_person(segment, known) for known in group)]
            wider += [(*group, others[rng.integers(len(others))])] if others else []
        groups = wider
    return groups


def _who_speaks(judge: Judge, group: Sequence[Segment], kind: str, length_s: int) -> Outcome:
    """`found`: what the stage decides; `value`: 1 when the right face has the highest score, else 0."""
    num_frames = min(segment.num_frames for segment in group)
    segments = [segment.first(num_frames) for segment in group]
    tubes, audio = [segment.tube() for segment in segments], own_audio(segments[0])
    named = {turn.track.name for turn in judge.decide([segment.face for segment in segments], tubes, audio).turns.turns}
    results = [sync_fields(judge.score_sync(tube, audio)) for tube in tubes]
    scored = [Outcome(group="", kind="", length_s=0, speaker="", face="", audio="", **fields) for fields in results]
    found = NO_SPEAKER if not named else WRONG if "t000" not in named else RIGHT if len(named) == 1 else BOTH
    return Outcome(
        group=FACES,
        kind=kind,
        length_s=length_s,
        speaker=segments[0].speaker,
        face=" | ".join(segment.name for segment in segments),
        audio=segments[0].name,
        answer=RIGHT,
        found=found,
        value=float(scored[0].score > max(other.score for other in scored[1:])),
    )


def judge_handovers(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Two faces that speak all the time; the audio is that of the first, then that of the second."""
    pairs = [(first, second) for first, second in permutations(faces, 2) if first.clip.speaker != second.clip.speaker]
    for first, second in drawn(pairs, _MAX_CASES, random_of(seed, HANDOVER)):
        num_frames = min(
            _MAX_HANDOVER_FRAMES, *(face.track.end_frame - face.track.start_frame for face in (first, second))
        )
        frame = _handover_frame(first, second, num_frames)
        if frame is not None:
            yield _handover(judge, first, second, num_frames, frame)


def _handover_frame(first: Face, second: Face, num_frames: int) -> int | None:
    """The frame nearest to the middle, within the middle third, around which both speak; None without such a frame."""
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
    """`value`: error of the hand-over in seconds; None when the two are not found to speak one after the other."""
    segments = [
        Segment(face=face, start_frame=face.track.start_frame, end_frame=face.track.start_frame + num_frames)
        for face in (first, second)
    ]
    audio = handed_over(own_audio(segments[0]), own_audio(segments[1]), frame, AUDIO_MARGIN_FRAMES)
    turns = judge.decide([first, second], [segment.tube() for segment in segments], audio).turns.turns
    ends = [turn.end_frame for turn in turns if turn.track.name == "t000"]
    starts = [turn.start_frame for turn in turns if turn.track.name == "t001"]
    error_s = None
    if ends and starts:
        # Turns are extended by the same margin at both ends: the hand-over is in the middle between them.
        found = (max(ends) + min(starts)) / 2 - AUDIO_MARGIN_FRAMES
        error_s = (found - frame) / FRAME_RATE
    return Outcome(
        group=HANDOVER,
        kind="2 faces",
        length_s=0,
        speaker=segments[0].speaker,
        face=" | ".join(segment.name for segment in segments),
        value=error_s,
        audio=f"{segments[0].name}, after {seconds_from_frames(frame):.2f} s {segments[1].name}",
    )


def judge_voice_over(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Another person's voice over a silent face, and over a photograph."""
    spoken = [segment for face in faces for segment in cut_segments(face, 3)]
    silent = [("silent face", segment) for face in faces for segment in _silent_segments(face)]
    for kind, segment in [*silent, *(("photograph", segment) for segment in spoken)]:
        negatives = [other for other in spoken if is_another_person(segment, other)]
        others = [other for other in negatives if is_voiced(other.first(segment.num_frames))]
        for other in drawn(others, 4, random_of(seed, VOICE_OVER, kind, segment.name)):
            tube = segment.tube() if kind == "silent face" else held_still(segment.tube(), 0, segment.num_frames)
            audio = audio_under(other.face, other.start_frame, segment.num_frames)
            verdict, _ = judge.verdict(segment.face, tube, audio)
            yield Outcome(
                group=VOICE_OVER,
                kind=kind,
                length_s=0,
                speaker=segment.speaker,
                face=segment.name,
                audio=other.name,
                answer=NO_SPEAKER,
                found=segment.speaker if verdict == KEPT else NO_SPEAKER,
                verdict=verdict,
                **sync_fields(judge.score_sync(tube, audio)),
            )


def _silent_segments(face: Face) -> list[Segment]:
    """Stretches of one to three seconds in which the recording's own audio has no speech."""
    start, end = face.track.start_frame, face.track.end_frame
    loud = np.flatnonzero(face.voiced(start, end))
    marks = [-_SILENT_EDGE_FRAMES, *loud.tolist(), end - start + _SILENT_EDGE_FRAMES]
    spans = [(start + low + _SILENT_EDGE_FRAMES, start + high - _SILENT_EDGE_FRAMES) for low, high in pairwise(marks)]
    return [
        Segment(face=face, start_frame=low, end_frame=min(high, low + 3 * FRAME_RATE))
        for low, high in spans
        if high - low >= _MIN_SILENT_FRAMES
    ]

"""Whole recordings with known answers, judged by the graph's own stage."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.active_speaker.cases_of_pairs import judged
from benchmarks.active_speaker.clip_table import ListedClip
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import Outcome, sync_fields
from benchmarks.active_speaker.recordings import FACES, Recording
from benchmarks.active_speaker.segments import Face, best_segment, main_face, own_audio
from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from schemas.records import FaceTrack, WindowFaces
from transforms.clips.config import ClipsConfig
from transforms.media.audio import read_audio_span
from transforms.media.tubes import TubeFile
from transforms.speakers.audio_embedding import AUDIO_MARGIN_FRAMES
from transforms.speakers.find_speakers import WindowJudgement, find_speakers

GROUP, OFFSET, HARD, MCGURK = "recordings", "known offset", "hard", "McGurk"
_MAX_S = 10
_ACTIVE_FRAMES = FRAME_RATE // 2  # a face without a turn counts as speaking from here on


def judge_recordings(judge: Judge, listed: Sequence[tuple[ListedClip, Recording]]) -> Iterator[Outcome]:
    """Lags of shifted recordings, answers about hard ones, and verdicts about McGurk recordings."""
    for clip, recording in listed:
        if clip.kind == "hard":
            yield _answered(judge, clip, recording)
        elif clip.kind in ("known_offset", "mcgurk"):
            face = main_face(clip, recording)
            kind = OFFSET if clip.kind == "known_offset" else MCGURK
            yield _measured(judge, clip, face, kind)


def _measured(judge: Judge, clip: ListedClip, face: Face | None, kind: str) -> Outcome:
    segment = best_segment(face, _MAX_S) if face else None
    if segment is None:
        return Outcome(
            group=GROUP,
            kind=kind,
            length_s=0,
            speaker=clip.speaker,
            face=clip.name,
            audio=clip.name,
            true_lag_frames=clip.lag_frames,
            verdict="no face or no speech",
        )
    found = judged(judge, segment, own_audio(segment), kind, 0, segment.name, clip.lag_frames, GROUP)
    return replace(found, face=clip.name)


def _answered(judge: Judge, clip: ListedClip, recording: Recording) -> Outcome:
    """`found` is the right answer where it is among those of the stage, else the first of the stage's answers."""
    judged_windows = [(faces, _judged_window(judge, recording, faces)) for faces in recording.windows]
    found = speaker_answers(judged_windows)
    face = main_face(clip, recording)
    segment = best_segment(face, _MAX_S) if face else None
    result = judge.score_sync(segment.tube(), own_audio(segment)) if segment else None
    dropped = {row.rule for _, judgement in judged_windows for row in judgement.decisions if not row.kept}
    return Outcome(
        group=GROUP,
        kind=HARD,
        length_s=0,
        speaker=clip.speaker,
        face=clip.name,
        audio=clip.name,
        answer=clip.answer,
        found=clip.answer if clip.answer in found else found[0],
        verdict=", ".join(sorted(dropped)) or recording.ended_by,
        **sync_fields(result),
    )


def _judged_window(judge: Judge, recording: Recording, faces: WindowFaces) -> WindowJudgement:
    window = faces.window
    audio = read_audio_span(
        recording.audio_path,
        (window.start_frame - AUDIO_MARGIN_FRAMES) * SAMPLES_PER_FRAME,
        (window.end_frame + AUDIO_MARGIN_FRAMES) * SAMPLES_PER_FRAME,
    )
    tubes = TubeFile((recording.folder / faces.tube_uri).read_bytes()) if faces.tube_uri else None
    return find_speakers(
        faces,
        tubes,
        audio,
        judge.network,
        judge.config,
        min_box_px=FACES.min_box_px,
        min_track_s=FACES.min_track_s,
        min_turn_s=ClipsConfig().min_s,
    )


def speaker_answers(judged_windows: Sequence[tuple[WindowFaces, WindowJudgement]]) -> list[str]:
    """Every answer that is true of the judged windows, the most specific one first."""
    turns = [
        (_side(faces, turn.track), turn.start_frame)
        for faces, judgement in judged_windows
        for turn in judgement.turns.turns
    ]
    active = {
        _side(faces, track)
        for faces, judgement in judged_windows
        for track, row in zip(faces.tracks, judgement.rows, strict=True)
        if row.active_share * (row.end_frame - row.start_frame) >= _ACTIVE_FRAMES
    }
    sides = {side for side, _ in turns}
    if not turns and active != {"left", "right"}:
        return ["no_speaker"]
    answers = ["speaks"] if turns else []
    if active == {"left", "right"}:
        answers.insert(0, "both")
    if len(sides) == 1:
        answers.insert(0, *sides)
    if sides == {"left", "right"} and _comes_first("left", turns):
        answers.insert(0, "turns")
    return answers


def _comes_first(side: str, turns: Sequence[tuple[str, int]]) -> bool:
    return max(start for where, start in turns if where == side) < min(start for where, start in turns if where != side)


def _side(faces: WindowFaces, track: FaceTrack) -> str:
    middle = (track.row.box_xyxy[0] + track.row.box_xyxy[2]) / 2
    return "left" if middle < faces.window.video.probe.video.width / 2 else "right"

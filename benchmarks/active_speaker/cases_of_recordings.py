"""Whole recordings with known answers, through the graph's own stage."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.active_speaker.cases_of_pairs import judged
from benchmarks.active_speaker.clip_table import ListedClip
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import Outcome, heard
from benchmarks.active_speaker.pieces import Face, best_piece, main_face, own_audio
from benchmarks.active_speaker.recordings import FACES, Recording
from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from schemas.records import FaceTrack, WindowFaces
from transforms.clips.config import ClipsConfig
from transforms.media.audio import read_audio_span
from transforms.media.tubes import TubeFile
from transforms.speakers.find_speakers import AUDIO_MARGIN_FRAMES, WindowJudgement, find_speakers

GROUP, OFFSET, HARD, MCGURK = "recordings", "known offset", "hard", "McGurk"
_MAX_S = 10
_ACTIVE_FRAMES = FRAME_RATE // 2  # by which a face that never speaks alone is known to speak


def judge_recordings(judge: Judge, listed: Sequence[tuple[ListedClip, Recording]]) -> Iterator[Outcome]:
    """Lags of moved recordings, answers about hard ones, and what is made of McGurk recordings."""
    for clip, recording in listed:
        if clip.kind == "hard":
            yield _answered(judge, clip, recording)
        elif clip.kind in ("known_offset", "mcgurk"):
            face = main_face(clip, recording)
            kind = OFFSET if clip.kind == "known_offset" else MCGURK
            yield _measured(judge, clip, face, kind)


def _measured(judge: Judge, clip: ListedClip, face: Face | None, kind: str) -> Outcome:
    piece = best_piece(face, _MAX_S) if face else None
    if piece is None:
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
    found = judged(judge, piece, own_audio(piece), kind, 0, piece.name, clip.lag_frames, GROUP)
    return replace(found, face=clip.name)


def _answered(judge: Judge, clip: ListedClip, recording: Recording) -> Outcome:
    """`found` is the answer where the stage agrees with it, else what it says instead."""
    said = [(faces, _judged_window(judge, recording, faces)) for faces in recording.windows]
    found = speaker_words(said)
    face = main_face(clip, recording)
    piece = best_piece(face, _MAX_S) if face else None
    evidence = judge.weigh(piece.tube(), own_audio(piece)) if piece else None
    dropped = {row.rule for _, judgement in said for row in judgement.decisions if not row.kept}
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
        **heard(evidence),
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


def speaker_words(said: Sequence[tuple[WindowFaces, WindowJudgement]]) -> list[str]:
    """Every answer that is true of what was judged, the most telling one first."""
    turns = [
        (_side(faces, turn.track), turn.start_frame) for faces, judgement in said for turn in judgement.turns.turns
    ]
    active = {
        _side(faces, track)
        for faces, judgement in said
        for track, row in zip(faces.tracks, judgement.rows)
        if row.active_share * (row.end_frame - row.start_frame) >= _ACTIVE_FRAMES
    }
    sides = {side for side, _ in turns}
    if not turns and active != {"left", "right"}:
        return ["nobody"]
    words = ["speaks"] if turns else []
    if active == {"left", "right"}:
        words.insert(0, "both")
    if len(sides) == 1:
        words.insert(0, *sides)
    if sides == {"left", "right"} and _comes_first("left", turns):
        words.insert(0, "turns")
    return words


def _comes_first(side: str, turns: Sequence[tuple[str, int]]) -> bool:
    return max(start for where, start in turns if where == side) < min(start for where, start in turns if where != side)


def _side(faces: WindowFaces, track: FaceTrack) -> str:
    middle = (track.row.box_xyxy[0] + track.row.box_xyxy[2]) / 2
    return "left" if middle < faces.window.video.probe.video.width / 2 else "right"

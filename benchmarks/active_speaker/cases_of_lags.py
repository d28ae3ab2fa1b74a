"""The right audio, moved by a known number of frames; and moved ever further by a clock that runs slow."""

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.active_speaker.cases_of_pairs import drawn
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import Outcome, heard
from benchmarks.active_speaker.pieces import Face, Piece, laid_audio, own_audio, pieces_by_length
from benchmarks.active_speaker.sounds import random_of, slowed
from schemas.clock import FRAME_RATE
from transforms.speakers.drift import fit_drift, segment_lags
from transforms.speakers.sync_scores import MAX_SHIFT, measure, sync_curve

LAGS, DRIFT = "lags", "drift"
_MAX_PIECES = 4  # of one recording and one length
_DRIFT_PER_MILLE = 1
_MIN_DRIFT_FRAMES = 10 * FRAME_RATE
DRIFT_FRAMES_PER_MINUTE = _DRIFT_PER_MILLE * FRAME_RATE * 60 / 1000


def judge_lags(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Sounds late by -15..15 frames at every length; `value` is the lag by which the audio was moved."""
    for length_s, pieces in pieces_by_length(faces).items():
        for face in faces:
            of_face = [piece for piece in pieces if piece.face is face]
            for piece in drawn(of_face, _MAX_PIECES, random_of(seed, LAGS, face.clip.name, str(length_s))):
                yield from _moved(judge, piece, length_s)


def judge_drift(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Long recordings whose audio lasts a thousandth longer than their image; `value` is the drift that is found."""
    for face in faces:
        num_frames = face.track.end_frame - face.track.start_frame
        if num_frames >= _MIN_DRIFT_FRAMES:
            yield _drifting(judge, face, num_frames)


def _moved(judge: Judge, piece: Piece, length_s: int) -> Iterator[Outcome]:
    tube, recorded = piece.tube(), piece.lag_frames or 0.0
    for late in range(-MAX_SHIFT, MAX_SHIFT + 1):
        if abs(late + recorded) <= MAX_SHIFT:
            yield Outcome(
                group=LAGS,
                kind="moved",
                length_s=length_s,
                speaker=piece.speaker,
                face=piece.name,
                audio=piece.name,
                true_lag_frames=None if piece.lag_frames is None else late + recorded,
                value=float(late),
                **heard(judge.weigh(tube, own_audio(piece, late))),
            )


def _drifting(judge: Judge, face: Face, num_frames: int) -> Outcome:
    start, tube = face.track.start_frame, face.tube()
    drifts = []
    for audio in (laid_audio(face, start, num_frames), slowed(face, start, num_frames, _DRIFT_PER_MILLE)):
        scores = judge.scores(tube, audio)
        curve = sync_curve(scores)
        heard_at_all = np.isfinite(curve).any()
        drifts.append(fit_drift(segment_lags(scores, measure(curve).lag_frames, 0)) if heard_at_all else None)
    # The recording's own drift is none of ours.
    found = None if None in drifts else drifts[1].frames_per_minute - drifts[0].frames_per_minute
    return Outcome(
        group=DRIFT,
        kind="slowed by 0.1 %",
        length_s=0,
        speaker=face.clip.speaker,
        face=f"{face.clip.name} {start}",
        audio=f"{face.clip.name} {start}",
        value=found,
    )

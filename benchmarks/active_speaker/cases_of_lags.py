"""The right audio, shifted by a known number of frames; and drifting, as with a clock that runs slow."""

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.active_speaker.audio_changes import random_of, slowed
from benchmarks.active_speaker.cases_of_pairs import drawn
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import Outcome, sync_fields
from benchmarks.active_speaker.segments import Face, Segment, audio_under, own_audio, segments_by_length
from schemas.clock import FRAME_RATE
from transforms.speakers.drift import fit_drift, segment_lags
from transforms.speakers.sync_scores import MAX_SHIFT, measure, sync_curve

LAGS, DRIFT = "lags", "drift"
_MAX_PIECES = 4  # of one recording and one length
_DRIFT_PER_MILLE = 1
_MIN_DRIFT_FRAMES = 10 * FRAME_RATE
DRIFT_FRAMES_PER_MINUTE = _DRIFT_PER_MILLE * FRAME_RATE * 60 / 1000


def judge_lags(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Audio that is late by -15..15 frames, at every length; `value` is the number of frames it was shifted by."""
    for length_s, segments in segments_by_length(faces).items():
        for face in faces:
            of_face = [segment for segment in segments if segment.face is face]
            for segment in drawn(of_face, _MAX_PIECES, random_of(seed, LAGS, face.clip.name, str(length_s))):
                yield from _moved(judge, segment, length_s)


def judge_drift(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Long recordings whose audio lasts a thousandth longer than their video; `value` is the drift that is found."""
    for face in faces:
        num_frames = face.track.end_frame - face.track.start_frame
        if num_frames >= _MIN_DRIFT_FRAMES:
            yield _drifting(judge, face, num_frames)


def _moved(judge: Judge, segment: Segment, length_s: int) -> Iterator[Outcome]:
    tube, recorded = segment.tube(), segment.lag_frames or 0.0
    for late in range(-MAX_SHIFT, MAX_SHIFT + 1):
        if abs(late + recorded) <= MAX_SHIFT:
            yield Outcome(
                group=LAGS,
                kind="moved",
                length_s=length_s,
                speaker=segment.speaker,
                face=segment.name,
                audio=segment.name,
                true_lag_frames=None if segment.lag_frames is None else late + recorded,
                value=float(late),
                **sync_fields(judge.score_sync(tube, own_audio(segment, late))),
            )


def _drifting(judge: Judge, face: Face, num_frames: int) -> Outcome:
    start, tube = face.track.start_frame, face.tube()
    drifts = []
    for audio in (audio_under(face, start, num_frames), slowed(face, start, num_frames, _DRIFT_PER_MILLE)):
        similarities = judge.similarities(tube, audio)
        curve = sync_curve(similarities)
        is_known = np.isfinite(curve).any()
        drifts.append(fit_drift(segment_lags(similarities, measure(curve).lag_frames, 0)) if is_known else None)
    before, after = drifts
    # The recording's own drift is subtracted.
    found = None if before is None or after is None else after.frames_per_minute - before.frames_per_minute
    return Outcome(
        group=DRIFT,
        kind="slowed by 0.1 %",
        length_s=0,
        speaker=face.clip.speaker,
        face=f"{face.clip.name} {start}",
        audio=f"{face.clip.name} {start}",
        value=found,
    )

from dataclasses import replace

import numpy as np
import pytest

from tests.speakers.made_windows import MadeNetwork, made_faces, made_track, made_turn
from transforms.speakers.assign_speakers import FaceSimilarities
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import _WindowJudge
from transforms.speakers.score_sync import Calibration, score_sync
from transforms.speakers.shared_audio import with_shared_audio

CALIBRATION = Calibration(weights=(0.0, 20.0, 0.0, 0.0, 0.0, 0.0, 0.0), offset=-6.0)  # confidence 0.3 is even odds
FRAMES = 200


def made_face(matches, lag_frames=0, seed=0, start_frame=0):
    """A face whose similarity has a peak at a lag in the frames that match, over noise."""
    values = np.random.default_rng(seed).normal(0, 0.15, (len(matches), 31)).astype(np.float32)
    values[matches, 15 + lag_frames] += 0.7
    return FaceSimilarities(start_frame=start_frame, similarities=values)


def results_of(*faces):
    return [score_sync(face.similarities, CALIBRATION) for face in faces]


def shared(*faces):
    return with_shared_audio(faces, results_of(*faces), CALIBRATION, 0.0)


def with_probability(result, probability):
    return replace(result, probability=probability)


def test_a_face_alone_keeps_its_result():
    face = made_face(np.ones(FRAMES, bool))
    assert shared(face) == results_of(face)


def test_a_face_that_speaks_for_a_quarter_of_the_time_is_scored_by_that_quarter():
    quarter = np.arange(FRAMES) < FRAMES // 4
    first, second = made_face(quarter, seed=1), made_face(~quarter, seed=2)
    alone, found = results_of(first)[0], shared(first, second)[0]
    assert alone.probability < 0.5 < found.probability
    assert found.num_frames < alone.num_frames


@pytest.mark.parametrize(("lag_frames", "is_more"), [(3, True), (-9, False)])
def test_a_lag_near_that_of_a_certain_face_makes_a_face_more_probable_and_one_apart_less(lag_frames, is_more):
    always = np.ones(FRAMES, bool)
    certain, other = made_face(always, 3, seed=1), made_face(always[:60], lag_frames, seed=2, start_frame=FRAMES)
    certain_result, other_result = results_of(certain, other)
    unsure = with_probability(other_result, 0.4)
    found = with_shared_audio([certain, other], [certain_result, unsure], CALIBRATION, 0.0)[1]
    assert (found.probability > 0.5) == is_more
    assert found.lag_frames == unsure.lag_frames


def test_a_face_that_does_not_match_tells_nothing_of_the_others():
    certain = made_face(np.ones(FRAMES, bool), 3, seed=1)
    silent = made_face(np.zeros(FRAMES, bool), seed=3, start_frame=FRAMES)
    before, silent_result = results_of(certain, silent)
    found = with_shared_audio([certain, silent], [before, with_probability(silent_result, 0.0)], CALIBRATION, 0.0)[0]
    assert found.probability == pytest.approx(before.probability, abs=1e-5)


def test_the_drift_of_a_whole_track_is_not_asked_of_a_face_that_is_scored_by_a_part_of_it():
    quarter, always = np.arange(FRAMES) < FRAMES // 4, np.ones(FRAMES, bool)
    in_turns = [made_face(quarter, seed=1), made_face(~quarter, seed=2)]
    assert drifts_after_sharing(in_turns)[0] is None
    one_after_another = [made_face(always, seed=1), made_face(always, seed=2, start_frame=FRAMES)]
    assert drifts_after_sharing(one_after_another) == [9.0, 9.0]


def drifts_after_sharing(similarities):
    tracks = [
        made_track(number, face.start_frame, face.start_frame + FRAMES) for number, face in enumerate(similarities)
    ]
    faces = made_faces(2 * FRAMES, tracks, [made_turn(0, 2 * FRAMES)])
    network = MadeNetwork()
    network.calibration = CALIBRATION
    judge = _WindowJudge(faces, network, SpeakersConfig(), {})
    candidates = [judge.candidate(track) for track in faces.tracks]
    for candidate, face, result in zip(candidates, similarities, results_of(*similarities), strict=True):
        candidate.similarities, candidate.sync, candidate.drift_frames = face.similarities, result, 9.0
    judge.share_results(candidates, network)
    return [candidate.drift_frames for candidate in candidates]

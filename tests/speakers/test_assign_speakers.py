import numpy as np
import pytest

from transforms.speakers.assign_speakers import FaceSimilarities, assign_speakers
from transforms.speakers.sync_scores import NUM_SHIFTS, SHIFTS


def face(num_frames, speaks=(), lag=0, start=0, seed=0, level=2.0, speech=None):
    """A face that matches the audio at its lag in the runs of `speaks`; elsewhere, and at other shifts, by chance."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(num_frames + 8, NUM_SHIFTS))
    scores = np.stack([np.convolve(column, np.ones(9) / 3, "valid") for column in noise.T], 1)
    for low, high in speaks:
        scores[low:high] += level * np.exp(-(((SHIFTS - lag) / 1.5) ** 2))
    if speech is not None:
        scores[~speech] = np.nan
    return FaceSimilarities(start_frame=start, similarities=0.2 * scores.astype(np.float32))


def share(speaks, low=0, high=None):
    return float(speaks[low:high].mean())


def test_the_face_that_matches_speaks_and_the_other_does_not():
    left, right = assign_speakers([face(200, seed=1), face(200, [(0, 200)], seed=2)])
    assert share(left) == 0 and share(right) > 0.9


@pytest.mark.parametrize("seed", range(5))
def test_a_hand_over_is_found_within_a_fifth_of_a_second(seed):
    first, second = assign_speakers(
        [face(300, [(0, 140)], lag=3, seed=seed), face(300, [(140, 300)], lag=3, seed=9 + seed)]
    )
    assert abs(np.flatnonzero(first)[-1] - 139) <= 5 and abs(np.flatnonzero(second)[0] - 140) <= 5
    assert not (first & second).any()


def test_a_voice_that_matches_no_face_is_assigned_to_no_speaker():
    speaks = assign_speakers([face(400, [(0, 200)], seed=3), face(400, seed=4)])
    assert share(speaks[0], 0, 190) > 0.9 and share(speaks[0], 215) < 0.2 and share(speaks[1]) < 0.1


def test_two_faces_that_match_at_once_both_speak():
    both = assign_speakers([face(300, [(0, 300)], seed=5, level=6), face(300, [(0, 300)], seed=6, level=6)])
    assert share(both[0] & both[1]) > 0.9


def test_of_two_faces_that_match_the_clearly_weaker_does_not_speak():
    stronger, weaker = assign_speakers([face(200, [(0, 200)], seed=1, level=3), face(200, [(0, 200)], seed=2, level=1)])
    assert share(stronger) > 0.9 and share(weaker) < 0.1


def test_similarity_is_measured_from_that_of_unrelated_pairs_where_it_is_known():
    speaker, listener = face(200, [(0, 200)], seed=1, level=3), face(200, [(0, 200)], seed=2, level=1)
    raised = [FaceSimilarities(start_frame=0, similarities=one.similarities + 1) for one in (speaker, listener)]
    assert share(assign_speakers(raised, unrelated=1.0)[1]) < 0.1
    assert share(assign_speakers(raised, unrelated=0.0)[1]) > 0.9


def test_a_face_that_matches_at_another_lag_than_the_speaker_does_not_speak():
    speaker, rival = assign_speakers(
        [face(250, [(0, 250)], lag=2, seed=7), face(250, [(0, 250)], lag=-9, seed=8, level=1.5)]
    )
    assert share(speaker) > 0.9 and share(rival) == 0


def test_faces_in_different_shots_may_have_different_lags():
    before, after = assign_speakers(
        [face(150, [(0, 150)], lag=6, seed=1), face(150, [(0, 150)], lag=-6, start=150, seed=2)]
    )
    assert share(before) > 0.9 and share(after) > 0.9


def test_a_pause_is_assigned_like_the_frames_around_it():
    speech = (np.arange(200) < 80) | (np.arange(200) >= 110)
    [speaks] = assign_speakers([face(200, [(0, 200)], seed=3, speech=speech)])
    assert share(speaks, 80, 110) == 1


def test_a_face_that_enters_late_speaks_only_where_it_is():
    first, second = assign_speakers([face(100, [(0, 100)], seed=1), face(120, [(60, 120)], start=60, seed=2)])
    assert (len(first), len(second)) == (100, 120)
    assert share(second, 70) > 0.8 and share(second, 0, 30) == 0


def test_a_face_without_a_single_similarity_does_not_speak():
    [speaks] = assign_speakers(
        [FaceSimilarities(start_frame=0, similarities=np.full((60, NUM_SHIFTS), np.nan, np.float32))]
    )
    assert not speaks.any()


def test_the_scale_of_the_similarity_does_not_matter():
    faces = [face(200, [(0, 90)], seed=1), face(200, [(90, 200)], seed=2)]
    far = [FaceSimilarities(start_frame=0, similarities=40 * one.similarities - 12) for one in faces]
    np.testing.assert_array_equal(assign_speakers(far), assign_speakers(faces))

"""The sync result of the frames that are assigned to one face among several."""

import numpy as np

from transforms.speakers.assign_speakers import FaceSimilarities
from transforms.speakers.assigned_frames import score_assigned_frames
from transforms.speakers.score_sync import Calibration, score_sync


def similarities_of(random, speaks):
    """Similarities of a face: noise like a network's, correlated over frames, and a peak at lag 0 where it speaks."""
    noise = random.normal(size=(len(speaks), 31))
    for axis, window in ((0, np.hanning(13)), (1, np.hanning(7))):
        noise = np.apply_along_axis(np.convolve, axis, noise, window, "same")
    peak = 0.35 * np.exp(-((np.arange(-15, 16) / 2) ** 2) / 2)
    return (noise / noise.std() * 0.22 + np.outer(speaks, peak)).astype(np.float32)


LEARNT = Calibration(weights=(14.812864, -4.413092, -0.927753, -1.127551, 0.466685, 0.0, 0.0), offset=-3.598162)


def mean_probabilities(first_speaks, second_speaks):
    """Of the first face: from all its frames, and from the better of these and its assigned frames; over 20 draws."""
    found = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        faces = [
            FaceSimilarities(start_frame=0, similarities=similarities_of(random, speaks))
            for speaks in (first_speaks, second_speaks)
        ]
        whole, own = score_sync(faces[0].similarities, LEARNT), score_assigned_frames(faces, 0, 0.0, LEARNT)
        found.append([whole.probability, max(whole.probability, own.probability if own is not None else 0)])
    return np.mean(found, axis=0)


def test_a_listener_gains_nothing_from_the_frames_in_which_it_matches_by_chance():
    whole, best = mean_probabilities(np.zeros(300), np.ones(300))
    assert whole < 0.05 and best < whole + 0.02


def test_neither_of_two_listeners_gains_when_no_one_in_view_speaks():
    whole, best = mean_probabilities(np.zeros(300), np.zeros(300))
    assert whole < 0.05 and best < whole + 0.02


def test_a_face_that_speaks_half_of_the_time_is_judged_by_that_half():
    half = np.arange(300) < 150
    whole, best = mean_probabilities(half, ~half)
    assert whole < 0.5 and best > 0.65 and best > whole + 0.25


def test_less_than_a_second_of_assigned_frames_gives_no_result():
    brief = np.arange(300) < 20
    faces = [
        FaceSimilarities(start_frame=0, similarities=similarities_of(np.random.default_rng(0), own))
        for own in (brief, ~brief)
    ]
    assert (
        score_assigned_frames(faces, 0, 0.0, LEARNT) is None
        and score_assigned_frames(faces, 1, 0.0, LEARNT) is not None
    )

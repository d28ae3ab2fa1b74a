"""Evidence of the frames that are one face's own among several."""

import numpy as np

from transforms.speakers.assign_speakers import ScoredFace
from transforms.speakers.find_speakers import weigh_own_frames
from transforms.speakers.sync_result import Calibration, weigh


def likeness_of(random, speaks):
    """Scores of a face: noise like a network's, alike over neighbouring frames, and a peak at no lag where it speaks."""
    noise = random.normal(size=(len(speaks), 31))
    for axis, window in ((0, np.hanning(13)), (1, np.hanning(7))):
        noise = np.apply_along_axis(np.convolve, axis, noise, window, "same")
    peak = 0.35 * np.exp(-((np.arange(-15, 16) / 2) ** 2) / 2)
    return (noise / noise.std() * 0.22 + np.outer(speaks, peak)).astype(np.float32)


LEARNT = Calibration(weights=(14.812864, -4.413092, -0.927753, -1.127551, 0.466685, 0.0), offset=-3.598162)


def mean_probabilities(first_speaks, second_speaks):
    """Of the first face, by all of its frames, and by the better of these and its own; over 20 draws."""
    found = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        faces = [
            ScoredFace(start_frame=0, scores=likeness_of(random, speaks)) for speaks in (first_speaks, second_speaks)
        ]
        whole, own = weigh(faces[0].scores, LEARNT), weigh_own_frames(faces, 0, 0.0, LEARNT)
        found.append(
            [whole.sync_probability, max(whole.sync_probability, own.sync_probability if own is not None else 0)]
        )
    return np.mean(found, axis=0)


def test_a_listener_is_not_flattered_by_the_frames_in_which_it_fits():
    whole, best = mean_probabilities(np.zeros(300), np.ones(300))
    assert whole < 0.05 and best < whole + 0.02


def test_neither_of_two_listeners_is_flattered_when_the_voice_is_nobodys():
    whole, best = mean_probabilities(np.zeros(300), np.zeros(300))
    assert whole < 0.05 and best < whole + 0.02


def test_who_speaks_half_of_the_time_is_believed_by_its_own_half():
    half = np.arange(300) < 150
    whole, best = mean_probabilities(half, ~half)
    assert whole < 0.5 and best > 0.65 and best > whole + 0.25


def test_less_than_a_second_of_its_own_says_nothing_more_of_a_face():
    brief = np.arange(300) < 20
    faces = [ScoredFace(start_frame=0, scores=likeness_of(np.random.default_rng(0), own)) for own in (brief, ~brief)]
    assert weigh_own_frames(faces, 0, 0.0, LEARNT) is None and weigh_own_frames(faces, 1, 0.0, LEARNT) is not None

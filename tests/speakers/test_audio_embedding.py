"""A window's audio in the space of a sync network: which of it is embedded."""

import numpy as np
import pytest

from tests.speakers.made_windows import MARGIN, MadeNetwork, audio_of_events, made_faces, made_track, made_turn
from transforms.speakers.audio_embedding import embed_window_audio

NUM_FRAMES = 1000
EVENTS = np.arange(1, NUM_FRAMES + 1)
AROUND = 50


def embedded_frames(tracks, speech):
    """Frames of the window that have a vector, and how often audio was embedded."""
    network, faces = MadeNetwork(), made_faces(NUM_FRAMES, tracks, speech)
    found = embed_window_audio(faces, tracks, audio_of_events(EVENTS), network)
    assert found.start_frame == -MARGIN and len(found.vectors) == NUM_FRAMES + 2 * MARGIN
    has_vector = np.isfinite(found.vectors).all(1)
    expected = network._vectors[np.concatenate([np.zeros(MARGIN, int), EVENTS, np.zeros(MARGIN, int)])]
    np.testing.assert_array_equal(found.vectors[has_vector], expected[has_vector])
    return np.flatnonzero(has_vector) - MARGIN, network.num_embedded


@pytest.mark.parametrize(
    ("track", "speech", "wanted"),
    [
        ((0, 1000), [(100, 300)], [(100, 300)]),
        ((0, 1000), [(100, 300), (340, 400)], [(100, 400)]),  # the pause is shorter than what surrounds speech
        ((0, 1000), [(100, 300), (700, 800)], [(100, 300), (700, 800)]),
        ((200, 260), [(100, 300), (700, 800)], [(185, 275)]),  # a lag of up to 15 frames on both sides of the face
        ((0, 1000), [(-25, 1025)], [(0, 1000)]),
    ],
)
def test_audio_is_embedded_within_two_seconds_of_speech_that_a_face_is_compared_with(track, speech, wanted):
    frames, num_embedded = embedded_frames([made_track(0, *track)], [made_turn(*turn) for turn in speech])
    parts = [np.arange(max(-MARGIN, start - AROUND), min(NUM_FRAMES + MARGIN, end + AROUND)) for start, end in wanted]
    np.testing.assert_array_equal(frames, np.concatenate(parts))
    assert num_embedded == len(wanted)


def test_without_speech_near_a_face_all_audio_is_embedded():
    frames, num_embedded = embedded_frames([made_track(0, 0, 100)], [made_turn(800, 900)])
    assert len(frames) == NUM_FRAMES + 2 * MARGIN and num_embedded == 1

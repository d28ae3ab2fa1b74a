import numpy as np
import pytest

from tests.faces.made_faces import MadeFaces, grey_image
from transforms.faces.config import FacesConfig
from transforms.faces.face_tracker import FaceTracker, tracks_of
from transforms.faces.finish_track import boxes_of, finish_tube
from transforms.faces.stopwatch import Stopwatch
from transforms.media.canonical import CanonicalFace

CANONICAL = CanonicalFace()


def follow(faces, num_frames, blind=(), missing=(), levels=None, config=None):
    """Tracks of a clip in which the faces are not found in `blind` frames and whose `missing` images are damaged."""

    def images():
        for frame in range(num_frames):
            faces.is_blind = frame in blind
            yield frame, None if frame in missing else grey_image(levels(frame) if levels else 128)

    tracker = FaceTracker(faces, faces, config or FacesConfig(), CANONICAL, Stopwatch())
    return tracks_of(images(), tracker, num_frames, "source_end")


def test_a_face_in_every_image_is_one_track():
    tracks, num_damaged = follow(MadeFaces((100, 100)), 30)
    assert [(track.start_frame, track.last_frame, rule) for track, rule in tracks] == [(0, 29, "source_end")]
    assert num_damaged == 0


@pytest.mark.parametrize("gap", [1, 4, 5])
def test_a_short_gap_is_bridged_and_marked(gap):
    tracks, _ = follow(MadeFaces((100, 100)), 30, blind=range(13, 13 + gap))
    [(track, _)] = tracks
    tube, _ = finish_tube(track, CANONICAL, 11)
    assert np.flatnonzero(tube.interpolated).tolist() == list(range(13, 13 + gap))
    assert len(tube.boxes_xyxy) == 30


def test_a_longer_gap_ends_the_track_where_the_face_was_last_seen():
    tracks, _ = follow(MadeFaces((100, 100)), 40, blind=range(13, 21))
    (first, rule), (second, _) = tracks
    assert (first.start_frame, first.last_frame, rule) == (0, 12, "lost")
    assert second.start_frame >= 21


def test_a_damaged_image_is_a_gap():
    tracks, num_damaged = follow(MadeFaces((100, 100)), 20, missing=(7, 8))
    [(track, _)] = tracks
    assert num_damaged == 2
    assert np.flatnonzero(boxes_of(track)[1]).tolist() == [7, 8]


def test_two_faces_are_two_tracks_from_left_to_right():
    tracks, _ = follow(MadeFaces((300, 100), (100, 100)), 15)
    assert [round(float(track.last_box[0])) < 200 for track, _ in tracks] == [True, False]


def test_a_cut_ends_every_track_and_begins_new_ones():
    tracks, _ = follow(MadeFaces((100, 100), (300, 100)), 20, levels=lambda frame: 30 if frame < 9 else 220)
    assert [(track.start_frame, track.last_frame, rule) for track, rule in tracks] == [
        (0, 8, "cut"),
        (0, 8, "cut"),
        (9, 19, "source_end"),
        (9, 19, "source_end"),
    ]


def test_a_face_that_only_the_detector_sees_is_a_track_without_a_mesh():
    faces = MadeFaces((100, 100))
    faces.has_mesh = False
    tracks, _ = follow(faces, 20)
    assert [track.has_mesh for track, _ in tracks] == [False] and not tracks[0][0].crops


def test_a_mesh_that_the_detector_no_longer_confirms_ends():
    faces = MadeFaces((100, 100))
    detect = faces.detect
    seen = [0]

    def only_once(rgb):
        seen[0] += 1
        faces.is_blind = seen[0] > 1
        found = detect(rgb)
        faces.is_blind = False
        return found

    faces.detect = only_once
    tracks, _ = follow(faces, 50)
    assert [(track.start_frame, track.last_frame, rule) for track, rule in tracks] == [(0, 0, "lost")]


def test_no_face_is_no_track():
    assert follow(MadeFaces(), 12)[0] == []

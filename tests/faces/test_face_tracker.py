import numpy as np
import pytest

from tests.faces.made_faces import MadeFaces, grey_image, made_mesh
from transforms.faces.config import FacesConfig
from transforms.faces.face_tracker import FaceTracker, tracks_of
from transforms.faces.finish_track import boxes_of, finish_tube
from transforms.faces.live_track import LiveTrack
from transforms.faces.stopwatch import Stopwatch
from transforms.media.canonical import CanonicalFace

CANONICAL = CanonicalFace()


def tracked(faces, num_frames, blind=(), missing=(), levels=None, config=None):
    """Tracks of frames: in `blind` ones no face is found, `missing` ones cannot be decoded."""

    def images():
        for frame in range(num_frames):
            faces.is_blind = frame in blind
            yield frame, None if frame in missing else grey_image(levels(frame) if levels else 128)

    tracker = FaceTracker(faces, faces, config or FacesConfig(), CANONICAL, Stopwatch())
    return tracks_of(images(), tracker, num_frames, "source_end")


def test_a_face_in_every_image_is_one_track():
    tracks, num_damaged = tracked(MadeFaces((100, 100)), 30)
    assert [(track.start_frame, track.last_frame, rule) for track, rule in tracks] == [(0, 29, "source_end")]
    assert num_damaged == 0


@pytest.mark.parametrize("gap", [1, 4, 5])
def test_a_short_gap_is_interpolated_and_marked(gap):
    tracks, _ = tracked(MadeFaces((100, 100)), 30, blind=range(13, 13 + gap))
    [(track, _)] = tracks
    tube, _ = finish_tube(track, CANONICAL, 11)
    assert np.flatnonzero(tube.interpolated).tolist() == list(range(13, 13 + gap))
    assert len(tube.boxes_xyxy) == 30


def test_a_longer_gap_ends_the_track_where_the_face_was_last_found():
    tracks, _ = tracked(MadeFaces((100, 100)), 40, blind=range(13, 21))
    (first, rule), (second, _) = tracks
    assert (first.start_frame, first.last_frame, rule) == (0, 12, "lost")
    assert second.start_frame >= 21


def test_a_damaged_image_is_a_gap():
    tracks, num_damaged = tracked(MadeFaces((100, 100)), 20, missing=(7, 8))
    [(track, _)] = tracks
    assert num_damaged == 2
    assert np.flatnonzero(boxes_of(track)[1]).tolist() == [7, 8]


@pytest.mark.parametrize(
    ("gap", "spans"), [(5, [(0, 39, "source_end")]), (6, [(0, 12, "lost"), (19, 39, "source_end")])]
)
def test_frames_that_have_no_image_are_bridged_like_any_gap_and_are_no_damage(gap, spans):
    faces = MadeFaces((100, 100))
    images = [(frame, grey_image(128)) for frame in range(40) if not 13 <= frame < 13 + gap]
    tracker = FaceTracker(faces, faces, FacesConfig(), CANONICAL, Stopwatch())
    tracks, num_damaged = tracks_of(images, tracker, 40, "source_end")
    assert [(track.start_frame, track.last_frame, rule) for track, rule in tracks] == spans
    assert num_damaged == 0
    missed = range(13, 13 + gap) if len(spans) == 1 else ()
    assert np.flatnonzero(boxes_of(tracks[0][0])[1]).tolist() == list(missed)


def test_two_faces_are_two_tracks_from_left_to_right():
    tracks, _ = tracked(MadeFaces((300, 100), (100, 100)), 15)
    assert [round(float(track.last_box[0])) < 200 for track, _ in tracks] == [True, False]


def test_of_two_faces_that_began_in_the_same_frame_the_second_can_end_first():
    faces = MadeFaces((100, 100), (300, 100))
    tracker = FaceTracker(faces, faces, FacesConfig(), CANONICAL, Stopwatch())
    for frame in range(20):
        faces.centres = [(100, 100), (300, 100)] if frame < 12 else [(100, 100)]
        tracker.update(frame, grey_image())
    tracks = tracker.finish(20, "source_end")
    assert [(track.start_frame, track.last_frame, rule) for track, rule in tracks] == [
        (0, 19, "source_end"),
        (0, 11, "lost"),
    ]


def test_tracks_are_the_same_only_as_the_same_object():
    first, second = LiveTrack(start_frame=0, has_mesh=True), LiveTrack(start_frame=0, has_mesh=True)
    for track in (first, second):
        track.add_mesh(0, made_mesh((100, 100)), 5.0)
    live = [first, second]
    live.remove(second)
    assert live == [first] and second not in live


def test_a_cut_ends_every_track_and_begins_new_ones():
    tracks, _ = tracked(MadeFaces((100, 100), (300, 100)), 20, levels=lambda frame: 30 if frame < 9 else 220)
    assert [(track.start_frame, track.last_frame, rule) for track, rule in tracks] == [
        (0, 8, "cut"),
        (0, 8, "cut"),
        (9, 19, "source_end"),
        (9, 19, "source_end"),
    ]


def test_a_face_that_only_the_detector_finds_is_a_track_without_a_mesh():
    faces = MadeFaces((100, 100))
    faces.has_mesh = False
    tracks, _ = tracked(faces, 20)
    assert [track.has_mesh for track, _ in tracks] == [False] and not tracks[0][0].crops


def test_a_mesh_that_the_detector_no_longer_confirms_ends():
    faces = MadeFaces((100, 100))
    detect = faces.detect
    num_calls = [0]

    def only_once(rgb):
        num_calls[0] += 1
        faces.is_blind = num_calls[0] > 1
        found = detect(rgb)
        faces.is_blind = False
        return found

    faces.detect = only_once
    tracks, _ = tracked(faces, 50)
    assert [(track.start_frame, track.last_frame, rule) for track, rule in tracks] == [(0, 0, "lost")]


def test_no_face_is_no_track():
    assert tracked(MadeFaces(), 12)[0] == []


def crowd(num_faces):
    """Faces side by side, each smaller than the one before."""
    faces = MadeFaces(*((60 + 150 * place, 100) for place in range(num_faces)))
    faces.scales = {60 + 150 * place: 1 - 0.05 * place for place in range(num_faces)}
    return faces


def test_in_a_crowd_only_the_largest_faces_get_a_mesh_and_the_others_a_rank():
    tracks, _ = tracked(crowd(6), 25, config=FacesConfig(max_faces=4))
    assert [(track.has_mesh, track.size_rank) for track, _ in tracks] == [(True, None)] * 4 + [(False, 5), (False, 6)]
    assert all((track.start_frame, track.last_frame) == (0, 24) for track, _ in tracks if track.has_mesh)
    assert not any(track.crops for track, _ in tracks if not track.has_mesh)


def test_a_face_gets_a_mesh_when_larger_ones_leave():
    faces = crowd(3)
    tracker = FaceTracker(faces, faces, FacesConfig(max_faces=2), CANONICAL, Stopwatch())
    for frame in range(40):
        faces.centres = [(60, 100), (210, 100), (360, 100)][0 if frame < 15 else 1 :]
        tracker.update(frame, grey_image())
    tracks = tracker.finish(40, "source_end")
    last = [track for track, _ in tracks if track.has_mesh and track.last_frame == 39]
    assert [round(float(track.last_box[[0, 2]].mean())) for track in last] == [210, 360]

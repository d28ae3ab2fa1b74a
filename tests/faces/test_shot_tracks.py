"""Tracks across flashes, dissolves and fades, on made images and on the shared recordings."""

import av
import numpy as np
import pytest

from tests.faces.made_faces import MadeFaces, view
from tests.shared_data import needs_shared, shared
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.registry import load_detector
from transforms.faces.face_tracker import FaceTracker, tracks_of
from transforms.faces.finish_track import boxes_of, finish_tube
from transforms.faces.mesh import MediaPipeMesh
from transforms.faces.stopwatch import Stopwatch
from transforms.media.canonical import CanonicalFace

CANONICAL = CanonicalFace()
WHITE = np.full((90, 160, 3), 255, np.uint8)


def made_tracks(images, faces=None):
    """Tracks of images in all of which the made face is found."""
    faces = faces or MadeFaces((80, 45))
    tracker = FaceTracker(faces, faces, FacesConfig(), CANONICAL, Stopwatch())
    return tracks_of(enumerate(images), tracker, len(images), "source_end")[0]


def spans(tracks):
    return [(track.start_frame, track.last_frame, rule) for track, rule in tracks]


def blended(first, second, length):
    """30 images of one view, `length` that blend it with another, 30 of the other."""
    shares = np.clip((np.arange(60 + length) - 29) / (length + 1), 0, 1)
    return [(first * (1 - share) + second * share).astype(np.uint8) for share in shares]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_track_goes_on_over_a_flash_and_bridges_it(length):
    [(track, rule)] = made_tracks([view(0)] * 12 + [WHITE] * length + [view(0)] * 12)
    assert (track.start_frame, track.last_frame, rule) == (0, 23 + length, "source_end")
    assert np.flatnonzero(boxes_of(track)[1]).tolist() == list(range(12, 12 + length))
    tube, _ = finish_tube(track, CANONICAL, 11)
    assert np.array_equal(tube.crop(12), tube.crop(11))  # the flash itself is not stored


def test_a_dissolve_ends_a_track_before_it_and_begins_one_after_it():
    (first, rule), (second, _) = made_tracks(blended(view(0), view(1), 25))
    assert rule == "transition" and first.last_frame < 30 and second.start_frame >= 55
    assert first.last_frame > 15 and second.start_frame < 70
    assert all(second.start_frame <= frame for frame in second.crops)


def test_a_fade_to_black_and_back_parts_a_track():
    images = [*blended(view(0), np.zeros_like(view(0)), 20)[:60], *blended(np.zeros_like(view(0)), view(0), 20)]
    tracks = made_tracks(images)
    assert tracks[0][0].last_frame < 30 and tracks[-1][0].start_frame >= 60 + 50


def test_a_dissolve_elsewhere_in_the_image_does_not_part_a_track():
    slides = blended(view(0, 90, 320), view(1, 90, 320), 25)
    for image in slides:
        image[:, 220:] = view(2, 90, 100)
    assert spans(made_tracks(slides, MadeFaces((270, 45)))) == [(0, 84, "source_end")]


def tracks_of_recording(path):
    """Tracks of a recording with 25 images a second, through the real networks."""
    with av.open(str(shared(path))) as file:
        images = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    config = FacesConfig()
    detector = load_detector("centerface", min_box_px=config.min_box_px, score=config.detector_score)
    tracker = FaceTracker(detector, MediaPipeMesh(), config, CANONICAL, Stopwatch())
    return tracks_of(enumerate(images), tracker, len(images), "source_end")[0]


@needs_shared
def test_flashes_of_a_camera_end_no_track():
    assert spans(tracks_of_recording("hard/footage/k18_one_frame_flashes.mp4")) == [(0, 149, "source_end")]


@needs_shared
def test_no_track_reaches_into_a_dissolve_of_two_talkers():
    (first, rule), (second, _) = tracks_of_recording("hard/footage/k16_dissolve_two_talkers.mp4")
    assert (first.start_frame, rule) == (0, "transition") and 55 <= first.last_frame < 65
    assert 90 <= second.start_frame < 100 and second.last_frame == 155

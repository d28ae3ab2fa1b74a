import numpy as np
import pytest

from tests.faces.made_faces import grey_image, made_mesh
from transforms.faces.finish_track import finish_tube, smooth, track_row
from transforms.faces.live_track import LiveTrack
from transforms.media.canonical import CanonicalFace
from transforms.media.face_crop import cut_face, face_square
from transforms.media.tubes import TubeFile, write_tubes

CANONICAL = CanonicalFace()


def live_track(centres):
    """A track that starts at frame 7; None stands for a frame without an observation."""
    track = LiveTrack(start_frame=7, has_mesh=True)
    for frame, centre in enumerate(centres, 7):
        if centre is not None:
            track.add_mesh(frame, made_mesh(centre), 5.0)
            track.crops[frame] = cut_face(grey_image(), face_square(track.last_mesh, CANONICAL), 224, 95)
    track.confirm(7, 0.8)
    return track


def test_a_ramp_is_smoothed_without_lag():
    ramp = np.arange(40.0)[:, None, None] * np.ones((1, 3, 2))
    assert smooth(ramp, 11) == pytest.approx(ramp, abs=1e-9)


def test_noise_shrinks():
    noise = np.random.default_rng(0).normal(size=(400, 3, 2))
    assert smooth(noise, 11).std() < 0.6 * noise.std()


@pytest.mark.parametrize("num_frames", [1, 4, 5, 8, 10])
def test_short_tracks_keep_their_length(num_frames):
    points = np.random.default_rng(0).normal(size=(num_frames, 3, 2))
    assert smooth(points, 11).shape == points.shape
    assert num_frames >= 5 or (smooth(points, 11) == points).all()


def test_a_gap_is_interpolated_linearly():
    _, mesh = finish_tube(live_track([(100, 100), None, None, (106, 97)]), CANONICAL, 11)
    assert mesh[1, 1, :2] == pytest.approx([102, 99], abs=1e-3)
    assert mesh[2, 1, :2] == pytest.approx([104, 98], abs=1e-3)


def test_tubes_come_back_from_their_file_unchanged():
    tube, _ = finish_tube(live_track([(100, 100), None, (104, 100)]), CANONICAL, 11)
    other, _ = finish_tube(live_track([(200, 100)]), CANONICAL, 11)
    file = TubeFile(write_tubes({"t01": other, "t00": tube}))
    back = file.tube("t00")
    for name in ("boxes_xyxy", "interpolated", "mesh", "align", "crop_to_source", "crops_jpeg", "crops_index"):
        assert np.array_equal(getattr(back, name), getattr(tube, name)), name
        assert getattr(back, name).dtype == getattr(tube, name).dtype, name
    assert np.array_equal(file.mesh("t01"), other.mesh)
    assert np.array_equal(back.crop(2), tube.crop(2))


def test_the_row_has_the_median_box_and_the_interpolated_frames():
    track = live_track([(100, 100), None, (104, 100)])
    tube, mesh = finish_tube(track, CANONICAL, 11)
    row = track_row(track=track, end_rule="lost", track_id="s-t", source_id="s", window_index=2, tube=tube, mesh=mesh)
    assert 0 <= row.mouth_visibility <= 1
    assert (row.start_frame, row.end_frame, row.interpolated) == (7, 10, (False, True, False))
    assert row.box_xyxy[0] == pytest.approx(np.median([box[0] for box in row.boxes_xyxy]))
    assert row.face_source_px == pytest.approx(80, abs=2)  # the shorter side: from cheek to cheek
    assert row.mouth_opening == pytest.approx(6 / 60, abs=1e-3)

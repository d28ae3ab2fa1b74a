"""The dubbed face's mesh at each source frame: between tracked frames, and faded where the face comes and goes."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from schemas.clock import num_timeline_frames, source_frame_of
from schemas.media import MediaProbe, Timeline
from speech2vid.dubbing.face_meshes import FaceMeshes
from speech2vid.dubbing.tracked_faces import TUBE_FACE_PX, TrackedFace, TrackedVideo, TrackPart
from transforms.media.canonical import MESH_UNIT

ALIGN = np.array([[0.5, 0, 10], [0, 0.5, 20]], np.float32)


def part(folder: Path, start: int, end: int, end_rule: str = "lost", seen: float = 1.0) -> TrackPart:
    """A track whose face moves by 2 px of the aligned face, 4 px of the image, a frame."""
    path = folder / f"{start}.npz"
    mesh = np.zeros((end - start, 468, 3))
    mesh[..., 0] = 50 + 2 * np.arange(start, end)[:, None]
    np.savez(
        path,
        mesh=(mesh * (MESH_UNIT / TUBE_FACE_PX)).astype(np.int16),
        align=np.tile(ALIGN, (end - start, 1, 1)),
        visibility=np.full(end - start, seen, np.float32),
    )
    return TrackPart(
        path=path, start_frame=start, end_frame=end, end_rule=end_rule, speaks=True, face_px=100.0, centre=(0.5, 0.5)
    )


def meshes(*parts: TrackPart, rate: int = 25, seconds: int = 4) -> FaceMeshes:
    """The meshes of one face in a video of a steady rate."""
    ticks = np.arange(seconds * rate, dtype=np.int64)
    timeline = Timeline(presentation_ticks=ticks, key_frames=np.ones(len(ticks), bool), time_base=Fraction(1, rate))
    num_frames = num_timeline_frames(ticks, timeline.time_base)
    face = TrackedFace(number=1, parts=parts)
    probe = MediaProbe(container="", duration_s=seconds, video=None, audio_streams=(), audio_index=-1)
    video = TrackedVideo(
        path="",
        probe=probe,
        timeline=timeline,
        source_frames=source_frame_of(ticks, timeline.time_base, num_frames),
        faces=(face,),
    )
    return FaceMeshes([face], video)


def x_of(face) -> float:
    """Where the face's points lie in the image, px."""
    return float(face.mesh[0, 0])


def test_at_25_frames_a_second_the_mesh_is_the_tracked_one(tmp_path):
    found = meshes(part(tmp_path, 0, 50))
    assert [x_of(found.at(frame)) for frame in (0, 7, 49)] == pytest.approx([80, 108, 276], abs=0.1)


def test_at_50_frames_a_second_every_other_mesh_lies_between(tmp_path):
    found = meshes(part(tmp_path, 0, 50), rate=50)
    steps = np.diff([x_of(found.at(frame)) for frame in range(1, 98)])
    np.testing.assert_allclose(steps, 2, atol=0.1)


def test_out_of_the_tracks_there_is_no_face(tmp_path):
    found = meshes(part(tmp_path, 10, 40))
    assert found.at(9) is None and found.at(40) is None


def test_the_effect_comes_and_goes_where_the_face_is_found_and_lost(tmp_path):
    found = meshes(part(tmp_path, 10, 60))
    strength = [found.at(frame).strength for frame in range(10, 60)]
    assert 0 < strength[0] < strength[1] < strength[2] < strength[10] == 1
    assert strength[:6] == pytest.approx(strength[:-7:-1])


def test_at_cuts_and_the_videos_ends_it_is_whole(tmp_path):
    first, second = part(tmp_path, 0, 40, "cut"), part(tmp_path, 40, 100, "source_end")
    found = meshes(first, second)
    assert {found.at(frame).strength for frame in (0, 39, 40, 99)} == {1.0}


def test_across_a_windows_edge_it_is_whole(tmp_path):
    found = meshes(part(tmp_path, 0, 40, "window_edge"), replace(part(tmp_path, 40, 100), end_rule="source_end"))
    assert {found.at(frame).strength for frame in range(100)} == {1.0}


def test_a_covered_mouth_is_left_alone(tmp_path):
    found = meshes(part(tmp_path, 0, 50, seen=0.1))
    assert found.at(25).strength == 0

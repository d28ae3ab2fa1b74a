"""What the benchmark of the graph makes of its measurements, and its baseline."""

import dataclasses

import pytest

from benchmarks.syncnet_baseline import baseline, crops_of
from benchmarks.throughput import Measured, shares, smallest_file, start_up_cpu_s
from tests.faces.made_faces import MadeFaces, grey_image
from tests.made_media import make_plain_video

BUILD = Measured(
    exit_code=0,
    workers=1,
    video_s=100.0,
    wall_s=40.0,
    cpu_s=30.0,
    kernel_cpu_s=15.0,
    kernel_s_per_video_s={},
    peak_memory_mb=0,
    peak_process_mb=0,
)


def test_start_up_is_what_two_builds_leave_at_no_video():
    small = dataclasses.replace(BUILD, video_s=4.0, cpu_s=10.8)  # 10 s, and 0.2 s for each second of video
    assert start_up_cpu_s(BUILD, small) == pytest.approx(10.0)
    found = shares(BUILD, small, baseline=0.1)
    assert found["share_of_bound"] == 0.5 and found["share_of_bound_without_start_up"] == 0.75
    assert found["bound_core_s_per_video_s"] == 0.15 and found["times_baseline_without_start_up"] == 2.0


def test_start_up_is_not_known_from_one_build_alone():
    found = shares(BUILD, BUILD, baseline=0.1)
    assert found["start_up_cpu_s"] is None and found["share_of_bound_without_start_up"] is None
    assert found["share_of_bound"] == 0.5


def test_the_smallest_video_of_a_folder_tells_the_start_up(tmp_path):
    for name, size in (("large.mp4", 30), ("small.mp4", 20), ("notes.txt", 1)):
        (tmp_path / name).write_bytes(bytes(size))
    assert smallest_file(tmp_path) == str(tmp_path / "small.mp4")
    assert smallest_file(tmp_path / "large.mp4") == str(tmp_path / "large.mp4")


def test_the_baseline_searches_every_frame_and_stops_at_its_limit(tmp_path):
    make_plain_video(tmp_path / "a.mp4", num_frames=10)
    (tmp_path / "b.mp4").write_text("no video")
    make_plain_video(tmp_path / "c.mp4", num_frames=10)
    paths = sorted(tmp_path.iterdir())
    whole = baseline(paths, MadeFaces((20, 20), (60, 30)), max_s=60)
    assert whole["video_s"] == 20 / 25 and whole["faces"] == 40 and whole["core_s_per_video_s"] > 0
    assert baseline(paths, MadeFaces((20, 20)), max_s=0.6)["faces"] == 15


def test_a_crop_of_224_px_is_cut_around_each_face():
    assert [crop.shape for crop in crops_of(grey_image(), MadeFaces((40, 25)))] == [(224, 224, 3)]

"""The profile of a build: what a second of video costs by part, and start-up."""

import pytest

from benchmarks.profile import MeasuredBuild, page, profile_of

STAGES = ("PrepareVideos", "TrackFaces", "FindSpeakers", "CutClips")


def made_build(video_s: float) -> MeasuredBuild:
    """A build with 6 s of start-up, 3 of them the worker's, whose kernels take 0.1 of 0.2 s a second of video."""
    return MeasuredBuild(
        cpu_s=6 + 0.2 * video_s,
        video_s=video_s,
        process_s={
            "launcher": 3.0,
            "worker": 3 + 0.08 * video_s,
            "fork server": 0.0,
            "guarded children": 0.12 * video_s,
        },
        kernel_s={"decode": 0.04 * video_s, "detect": 0.06 * video_s},
        stage_s=dict(zip(STAGES, (0.01 * video_s, 0.11 * video_s, 0.03 * video_s, 0.02 * video_s), strict=True)),
    )


def test_start_up_and_the_cost_of_a_second_are_told_apart():
    profile = profile_of(made_build(3), made_build(400))
    assert profile.start_up_s == pytest.approx({"launcher": 3, "worker": 3, "fork server": 0, "guarded children": 0})
    assert sum(profile.kernel_ms.values()) == pytest.approx(100)
    assert list(profile.rest_ms.values()) == pytest.approx([10, 10, 30, 20, 30])
    assert profile.rest_share == pytest.approx(0.5)


def test_the_page_names_the_command_and_the_sums():
    text = page(profile_of(made_build(3), made_build(400)), made_build(400), 134, "python -m benchmarks.profile")
    assert "    python -m benchmarks.profile\n" in text
    assert "134 recordings, 400 s of video: 86 core-seconds, 0.215 a second of video, of which\n6.0 " in text
    assert "| **kernels** | 100.0 |" in text and "| **the rest** | 100.0 |" in text and "the rest is 0.50 " in text

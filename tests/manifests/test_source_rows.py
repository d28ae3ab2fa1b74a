"""What became of one source."""

import dataclasses

import pytest

from schemas.media import ChannelMix, ListedVideo, VideoColour
from tests.manifests.made_rows import PROBE, facts, failure, outcome
from transforms.manifests.source_rows import failed_outcomes, source_row

OUTCOMES = [outcome("a" * 16, 0, "clips", 3), outcome("a" * 16, 1, "decided"), outcome("a" * 16, 2, "failed")]


def ended(row):
    return row.windows_done + row.windows_decided + row.windows_failed


def test_windows_clips_and_damage_are_counted():
    row = source_row(facts("a" * 16, 3), OUTCOMES, 1)
    assert (row.num_windows, row.windows_done, row.windows_decided, row.windows_failed) == (3, 1, 1, 1)
    assert (row.num_clips, row.damaged_frames, row.duration_s) == (3, 3, 120.0)


def test_a_failure_of_a_window_is_its_outcome_once():
    found = failed_outcomes([failure("a" * 16, 2), failure("a" * 16, 2), failure("a" * 16, -1)])
    assert [(one.window_index, one.outcome) for one in found] == [(2, "failed")]


def test_a_row_describes_the_streams():
    row = source_row(facts("a" * 16, 0), [], 0)
    assert (row.container, row.video_codec, row.width, row.source_fps) == ("mov,mp4", "h264", 64, 25.0)
    assert (row.sounds, row.sound_stream, row.sound_start_s) == (("1 aac 48000 Hz 2 ch -",), 1, 0.02)


def test_a_row_says_where_the_timeline_has_no_image():
    video = dataclasses.replace(PROBE.used_video, gap_frames=90_000, num_parts=2)
    row = source_row(facts("a" * 16, 1, probe=dataclasses.replace(PROBE, video=video)), OUTCOMES[:1], 0)
    assert (row.image_gap_s, row.timeline_parts) == (3600.0, 2)


def test_a_row_says_how_frames_look_before_they_are_turned_and_mapped():
    stated = {"transfer": "arib-std-b67", "primaries": "bt2020", "matrix": "bt2020nc", "value_range": "limited"}
    colour = VideoColour(bit_depth=10, peak_nits=800.0, **stated)
    video = dataclasses.replace(PROBE.used_video, rotation_deg=90, is_mirrored=True, colour=colour)
    row = source_row(facts("a" * 16, 0, probe=dataclasses.replace(PROBE, video=video)), [], 0)
    assert (row.rotation_deg, row.is_mirrored, row.bit_depth, row.peak_nits) == (90, True, 10, 800)
    assert [row.transfer, row.primaries, row.colour_matrix, row.value_range] == list(stated.values())
    assert source_row(facts("a" * 16, 0, probe=None), [], 1).bit_depth == 0


def test_a_row_names_all_streams_and_the_channels_and_decoders_used():
    probe = dataclasses.replace(
        PROBE,
        video=dataclasses.replace(PROBE.video, codec="av1", decoder="libdav1d"),
        video_streams=(
            ListedVideo(index=0, codec="av1", width=64, height=48, is_still=False, programmes=(1, 2)),
            ListedVideo(index=3, codec="mjpeg", width=9, height=9, is_still=True),
        ),
        audio_streams=(dataclasses.replace(PROBE.audio_streams[0], decoder="aac", programmes=(2,)),),
        audio_mix=ChannelMix(channels=(1,), reason="the others are silent"),
    )
    row = source_row(facts("a" * 16, 0, probe=probe), [], 0)
    assert (row.video_codec, row.video_decoder, row.video_stream) == ("av1", "libdav1d", 0)
    assert row.video_streams == ("0 av1 64 x 48 px programme 1+2", "3 mjpeg 9 x 9 px still image")
    assert row.sounds == ("1 aac 48000 Hz 2 ch - programme 2",)
    assert (row.audio_decoder, row.audio_channels, row.audio_mix) == ("aac", (1,), "the others are silent")


def test_a_source_that_was_not_probed_has_empty_streams():
    row = source_row(facts("a" * 16, 0, probe=None), [], 1)
    assert (row.container, row.sounds, row.sound_stream, row.width) == ("", (), -1, 0)


@pytest.mark.parametrize(
    "outcomes, num_failures, status",
    [(OUTCOMES, 1, "clips"), (OUTCOMES[1:], 1, "failed"), (OUTCOMES[1:2], 0, "decided"), ([], 1, "failed")],
)
def test_the_status_is_clips_else_failed_else_decided(outcomes, num_failures, status):
    assert source_row(facts("a" * 16, 3), outcomes, num_failures).status == status


@pytest.mark.parametrize(
    "outcomes",
    [
        OUTCOMES[1:],
        [*OUTCOMES, OUTCOMES[1]],
        [*OUTCOMES[:2], OUTCOMES[1]],
        [*OUTCOMES[:2], outcome("a" * 16, 9, "failed")],
    ],
    ids=["lost", "repeated", "one repeated for one lost", "an unknown one for one lost"],
)
def test_a_lost_or_repeated_window_is_never_hidden(outcomes):
    assert ended(source_row(facts("a" * 16, 3), outcomes, 0)) != 3

"""What became of one source."""

import pytest

from tests.manifests.made_rows import facts, failure, outcome
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

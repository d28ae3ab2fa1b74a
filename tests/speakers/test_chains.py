import pytest

from tests.speakers.made_windows import made_track
from transforms.speakers.chains import chain_tracks

HERE, THERE = (0.0, 0.0, 80.0, 80.0), (300.0, 0.0, 380.0, 80.0)


def row(number, start, end, box=HERE, end_rule="window_edge", lag=None):
    return made_track(number, start, end, boxes_xyxy=(box,) * 2, end_rule=end_rule, audio_lag_frames=lag).row


def chains(*rows):
    return {found.track_id[-3:]: found.track_chain_id[-3:] for found in chain_tracks(rows)}


def test_a_face_goes_on_in_the_next_window():
    assert chains(row(0, 0, 100), row(1, 100, 200), row(2, 200, 300)) == dict.fromkeys(("t00", "t01", "t02"), "t00")


def test_each_face_continues_itself():
    assert chains(row(0, 0, 100), row(1, 0, 100, THERE), row(2, 100, 200, THERE), row(3, 100, 200)) == {
        "t00": "t00", "t01": "t01", "t02": "t01", "t03": "t00"}


@pytest.mark.parametrize("after", [row(1, 101, 200), row(1, 100, 200, THERE)])
def test_a_face_elsewhere_or_later_begins_a_chain(after):
    assert chains(row(0, 0, 100), after) == {"t00": "t00", "t01": "t01"}


def test_a_track_that_was_lost_is_not_continued():
    assert chains(row(0, 0, 100, end_rule="cut"), row(1, 100, 200)) == {"t00": "t00", "t01": "t01"}


def test_drift_is_the_slope_of_the_lag_along_the_chain():
    found = chain_tracks(row(number, 1500 * number, 1500 * (number + 1), lag=2.0 + number) for number in range(4))
    assert [one.drift_frames_per_minute for one in found] == pytest.approx([1.0] * 4)


def test_two_tracks_tell_no_drift():
    assert {one.drift_frames_per_minute for one in chain_tracks([row(0, 0, 100, lag=1.0), row(1, 100, 200, lag=2.0)])} == {None}


def test_the_order_of_the_rows_does_not_matter():
    rows = [row(0, 0, 100, lag=1.0), row(1, 100, 200, lag=2.0), row(2, 200, 300, lag=4.0)]
    assert chain_tracks(rows) == chain_tracks(rows[::-1])

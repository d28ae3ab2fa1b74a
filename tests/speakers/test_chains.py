import pytest

from tests.speakers.made_windows import made_track
from transforms.speakers.chains import chain_tracks

HERE, THERE = (0.0, 0.0, 80.0, 80.0), (300.0, 0.0, 380.0, 80.0)


def row(number, start, end, box=HERE, end_rule="window_edge", lags=()):
    middles = tuple(start + (end - start) * (2 * place + 1) / (2 * len(lags)) for place in range(len(lags)))
    return made_track(
        number,
        start,
        end,
        boxes_xyxy=(box,) * 2,
        end_rule=end_rule,
        stretch_middle_frames=middles,
        stretch_lags_frames=tuple(lags),
        stretch_lag_se_frames=(0.2,) * len(lags),
    ).row


def chains(*rows):
    return {found.track_id[-3:]: found.track_chain_id[-3:] for found in chain_tracks(rows)}


def test_a_face_continues_in_the_next_window():
    assert chains(row(0, 0, 100), row(1, 100, 200), row(2, 200, 300)) == dict.fromkeys(("t00", "t01", "t02"), "t00")


def test_each_face_continues_itself():
    assert chains(row(0, 0, 100), row(1, 0, 100, THERE), row(2, 100, 200, THERE), row(3, 100, 200)) == {
        "t00": "t00",
        "t01": "t01",
        "t02": "t01",
        "t03": "t00",
    }


@pytest.mark.parametrize("after", [row(1, 101, 200), row(1, 100, 200, THERE)])
def test_a_face_elsewhere_or_later_begins_a_chain(after):
    assert chains(row(0, 0, 100), after) == {"t00": "t00", "t01": "t01"}


def test_a_track_that_was_lost_is_not_continued():
    assert chains(row(0, 0, 100, end_rule="cut"), row(1, 100, 200)) == {"t00": "t00", "t01": "t01"}


def test_drift_is_fitted_to_the_segments_of_all_tracks_of_the_chain():
    found = chain_tracks(
        row(number, 1500 * number, 1500 * (number + 1), lags=[2.25 + number, 2.75 + number]) for number in range(4)
    )
    assert [one.drift_frames_per_minute for one in found] == pytest.approx([1.0] * 4)
    assert {one.drift_se_frames_per_minute for one in found} == {found[0].drift_se_frames_per_minute}
    assert 0 < found[0].drift_se_frames_per_minute < 0.2


def test_a_face_elsewhere_has_a_separate_drift():
    here, there = chain_tracks([row(0, 0, 1500, lags=[1.0, 2.0, 3.0]), row(1, 0, 1500, THERE, lags=[3.0, 2.0, 1.0])])
    assert (here.drift_frames_per_minute, there.drift_frames_per_minute) == pytest.approx((3.0, -3.0))


def test_two_segments_give_no_drift():
    found = chain_tracks([row(0, 0, 1500, lags=[1.0]), row(1, 1500, 3000, lags=[2.0])])
    assert {(one.drift_frames_per_minute, one.drift_se_frames_per_minute) for one in found} == {(None, None)}


def test_the_order_of_the_rows_does_not_matter():
    rows = [row(0, 0, 400, lags=[1.0]), row(1, 400, 800, lags=[2.0]), row(2, 800, 1200, lags=[4.0])]
    assert chain_tracks(rows) == chain_tracks(rows[::-1])

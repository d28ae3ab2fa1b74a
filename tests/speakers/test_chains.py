import pickle
from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from tests.speakers.made_windows import made_track
from transforms.speakers.chains import TrackEnds, chain_tracks, find_chains, track_ends
from transforms.speakers.stage import _ChainTracks

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


def crowd(num_windows, num_faces=3):
    """Faces side by side through many windows."""
    boxes = [(100.0 * face, 0.0, 100.0 * face + 80, 80.0) for face in range(num_faces)]
    return [
        replace(track_ends(row(0, 100 * window, 100 * window + 100, boxes[face])), track_id=f"w{window:05d}-t{face}")
        for window in range(num_windows)
        for face in range(num_faces)
    ]


@dataclass(frozen=True, kw_only=True)
class CountedEnds(TrackEnds):
    """Counts how often tracks are looked at."""

    looks: ClassVar = Counter()

    def __getattribute__(self, name):
        CountedEnds.looks["all"] += 1
        return super().__getattribute__(name)


def num_looks(num_windows):
    CountedEnds.looks.clear()
    tracks = [CountedEnds(**{name: getattr(one, name) for name in TrackEnds.__slots__}) for one in crowd(num_windows)]
    CountedEnds.looks.clear()
    assert len({chain.track_chain_id for chain in find_chains(tracks)}) == 3
    return CountedEnds.looks["all"]


def test_twice_as_many_tracks_are_twice_the_work():
    assert num_looks(80) < 2.1 * num_looks(40)


def test_the_group_of_a_source_holds_no_boxes_between_the_ends_of_a_track():
    short, long = (len(pickle.dumps(track_ends(made_track(0, 0, frames).row))) for frames in (2, 1500))
    assert long < short + 10


def test_the_step_gives_what_the_function_gives():
    rows = [
        row(0, 0, 400, lags=[1.0]),
        row(1, 400, 800, lags=[2.0]),
        row(2, 0, 400, THERE),
        row(3, 400, 1200, lags=[4]),
    ]
    rows += [replace(one, source_id="b" * 16, track_id=f"b-{one.track_id}", track_chain_id="") for one in rows[:2]]
    expected = [one for start in (0, 4) for one in chain_tracks(rows[start : start + 4])]
    with TestPipeline() as pipeline:
        found = pipeline | beam.Create(rows) | _ChainTracks()
        assert_that(found, equal_to(expected))

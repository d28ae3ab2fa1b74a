"""The check of the demonstration distinguishes a right build from a wrong one."""

import dataclasses
import typing

import pyarrow.parquet
import pytest

from demo.answers import Answers, Face
from demo.check import check
from schemas.arrow_tables import arrow_table
from schemas.tables import FailureRow, SourceRow, TrackRow

SPEAKER_BOX, SILENT_BOX, NEAR_BOX = (100.0, 50.0, 200.0, 160.0), (400.0, 60.0, 480.0, 150.0), (90.0, 40.0, 300.0, 280.0)
ANSWERS = Answers(
    video="talk.mp4",
    damaged_video="damaged.mp4",
    num_frames=100,
    cut_frames=(60,),
    audio_lag_frames=5,
    mouth_openings=(0.0,) * 100,
    faces=(
        Face(name="silent", speaks=False, start_frame=0, end_frame=60, box_xyxy=SILENT_BOX),
        Face(name="speaker", speaks=True, start_frame=0, end_frame=60, box_xyxy=SPEAKER_BOX),
        Face(name="speaker", speaks=True, start_frame=60, end_frame=100, box_xyxy=NEAR_BOX),
    ),
)


def row_of(row_type, **given):
    """A row with the fields given, and zeros and empty texts elsewhere."""
    empty = {str: "", int: 0, float: 0.0, bool: False}
    kinds = typing.get_type_hints(row_type)
    fields = {field.name: empty.get(kinds[field.name], ()) for field in dataclasses.fields(row_type)}
    optional = {name: None for name, kind in kinds.items() if type(None) in typing.get_args(kind)}
    return row_type(**{**fields, **optional, **given})


def track(name: str, start_frame: int, end_frame: int, box: tuple, active_share: float) -> TrackRow:
    return row_of(
        TrackRow,
        track_id=name,
        source_id="aa",
        start_frame=start_frame,
        end_frame=end_frame,
        box_xyxy=box,
        active_share=active_share,
        audio_lag_frames=4.9,
        sync_confidence=0.4,
    )


def right_tracks() -> list[TrackRow]:
    return [
        track("t1", 0, 60, SILENT_BOX, 0.0),
        track("t2", 1, 60, SPEAKER_BOX, 0.9),
        track("t3", 60, 99, NEAR_BOX, 0.9),
    ]


def wrong_findings(folder, tracks, damaged_frames=12, failures=(), damaged_clips=0) -> list[str]:
    sources = [
        row_of(SourceRow, source_id="aa", uris=("/in/talk.mp4",)),
        row_of(
            SourceRow, source_id="bb", uris=("/in/damaged.mp4",), damaged_frames=damaged_frames, num_clips=damaged_clips
        ),
    ]
    for name, rows in (("sources", sources), ("tracks", tracks), ("failures", list(failures))):
        (folder / "manifests" / name).mkdir(parents=True)
        pyarrow.parquet.write_table(arrow_table(name, rows), folder / "manifests" / name / "part-00000.parquet")
    return [finding.subject for finding in check(folder, ANSWERS) if finding.is_right is False]


def test_a_right_build_is_right(tmp_path):
    assert wrong_findings(tmp_path, right_tracks()) == []


def test_a_damaged_copy_that_is_kept_is_wrong(tmp_path):
    assert wrong_findings(tmp_path, right_tracks(), damaged_clips=4) == ["clips of damaged.mp4"]


def test_a_missing_face_is_wrong(tmp_path):
    assert wrong_findings(tmp_path, right_tracks()[:2]) == ["track of the speaker face from frame 60"]


def test_a_track_across_the_cut_is_wrong(tmp_path):
    tracks = [*right_tracks()[:1], track("t2", 0, 100, SPEAKER_BOX, 0.9), right_tracks()[2]]
    assert wrong_findings(tmp_path, tracks) == ["tracks across the cut"]


def test_a_track_of_no_face_is_wrong(tmp_path):
    tracks = [*right_tracks(), track("t4", 0, 60, (0.0, 300.0, 50.0, 350.0), 0.0)]
    assert wrong_findings(tmp_path, tracks) == ["other tracks"]


def test_a_silent_face_that_speaks_is_wrong(tmp_path):
    tracks = [track("t1", 0, 60, SILENT_BOX, 0.7), *right_tracks()[1:]]
    assert wrong_findings(tmp_path, tracks) == ["silent face from frame 0 speaks"]


def test_a_damaged_file_without_loss_is_wrong(tmp_path):
    assert wrong_findings(tmp_path, right_tracks(), damaged_frames=0) == ["damaged.mp4"]


@pytest.mark.parametrize("kind", ["damaged", "not_media"])
def test_a_damaged_file_that_failed_is_right(tmp_path, kind):
    failures = [row_of(FailureRow, kind=kind, source_uri="/in/damaged.mp4")]
    assert wrong_findings(tmp_path, right_tracks(), damaged_frames=0, failures=failures) == []

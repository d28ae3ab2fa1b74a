"""The stored tables: their version, and the sync columns that tracks and clips share."""

import dataclasses
import pickle

import pytest

from schemas.errors import UsageError
from schemas.schema_version import SCHEMA_VERSION, require_schema_version
from schemas.sync_result import SyncResult, sync_columns, track_sync_columns
from schemas.tables import ClipRow, TrackRow

RESULT = SyncResult(
    lag_frames=1.5,
    lag_se_frames=0.25,
    probability=0.0,
    confidence=0.5,
    margin=0.125,
    lse_d=6.5,
    lse_c=7.5,
    peak=0.75,
    num_frames=40,
    coverage=1.0,
    curve=(0.25,) * 31,
)


def test_a_dataset_of_this_version_is_read():
    require_schema_version({"schema_version": SCHEMA_VERSION}, "made")


@pytest.mark.parametrize(("record", "found"), [({"schema_version": "1.1"}, "1.1"), ({}, "unknown")])
def test_a_dataset_of_another_version_is_refused_in_one_line(record, found):
    with pytest.raises(UsageError) as error:
        require_schema_version(record, "made/dataset")
    assert str(error.value) == (
        f"made/dataset was made with schema version {found}; this Talkshard reads {SCHEMA_VERSION}: build it again, or "
        "use the Talkshard that built it"
    )


@pytest.mark.parametrize("row", [TrackRow, ClipRow])
def test_sync_columns_are_columns_of_tracks_and_of_clips(row):
    assert set(sync_columns(RESULT)) <= {field.name for field in dataclasses.fields(row)}


def test_sync_columns_hold_the_result_also_where_it_is_zero():
    assert sync_columns(RESULT) == {
        "audio_lag_frames": 1.5,
        "audio_lag_se_frames": 0.25,
        "sync_probability": 0.0,
        "sync_confidence": 0.5,
        "sync_margin": 0.125,
        "lse_d": 6.5,
        "lse_c": 7.5,
    }
    assert track_sync_columns(RESULT) == sync_columns(RESULT) | {"sync_curve": (0.25,) * 31}


def test_without_a_result_the_columns_are_null_and_the_curve_is_empty():
    assert set(sync_columns(None).values()) == {None}
    assert track_sync_columns(None)["sync_curve"] == ()


def test_a_result_survives_pickling():
    assert pickle.loads(pickle.dumps(RESULT)) == RESULT

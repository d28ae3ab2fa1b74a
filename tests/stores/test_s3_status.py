"""The progress of a run in a store."""

import json

import pytest

from pipeline.progress import ProgressDisplay, read_progress
from schemas.errors import StorageError
from talkshard import main
from tests.end_to_end.conftest import IN_PROCESS, run
from tests.made_media import MadeAudio, make_plain_video
from tests.pipeline.made_models import needs_models
from tests.pipeline.test_run_status import begun, element
from transforms.beam_support.progress_marks import ProgressMark, leave_mark, read_marks
from transforms.beam_support.stores import StoreOptions
from transforms.beam_support.worker_tallies import forget_tally, read_tally, record_time, write_tally

MARK = ProgressMark(stage="TrackFaces", source_id="0123456789abcdef", window_index=3, frames=750, tracks=2)


def test_marks_and_tallies_are_small_objects(store):
    staging = store.uri("out/.staging/run")
    forget_tally()
    leave_mark(staging, MARK)
    record_time(staging, element("TrackFaces", 3, 2.5))
    write_tally(staging)
    assert [mark.tracks for mark in read_marks(staging)] == [2]
    assert read_tally(staging).slowest == (element("TrackFaces", 3, 2.5),)
    assert len(store.objects("out/.staging/run/progress/")) == len(store.objects("out/.staging/run/workers/")) == 1


def test_to_read_marks_costs_listings_only(store):
    staging = store.uri("out/.staging/run")
    for index in range(20):
        leave_mark(staging, ProgressMark(stage="TrackFaces", source_id=f"{index:016x}", window_index=0, frames=10))
    store.requests.clear()
    assert read_progress(staging, 20).frames == 200
    assert {method for method, _ in store.requests} == {"GET"} and sum(store.requests.values()) <= 2 * 16
    assert not any("TrackFaces" in key for _, key in store.requests)


def test_status_finds_a_run_in_a_store(store, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
    with begun(store.uri("out")):
        assert main(["status", store.uri("out"), "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["state"] == "running" and status["progress"]["windows"] == 1


@needs_models
def test_a_finished_run_in_a_store_says_what_it_took(store, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
    made = make_plain_video(tmp_path / "made.mp4", audio_streams=[MadeAudio(clicks_s=[1.0])])
    store.put("in/a talk.mp4", made.read_bytes())
    assert run(store.uri("out"), store.uri("in"), flags=(*IN_PROCESS, "--sync", "none", *store.flags)) == 3
    capsys.readouterr()
    assert main(["status", store.uri("out")]) == 0
    text = capsys.readouterr().out
    assert text.startswith("ended: ") and "exit code 3" in text
    assert "PrepareVideos: 0:00:0" in text and " s of CPU)  a talk.mp4\n" in text + "\n"


def test_a_display_goes_on_where_the_store_does_not(store, tmp_path):
    StoreOptions(s3_endpoint_url=store.url, patience_s=0.1).use()
    store.status_of = lambda method, key: 503
    with pytest.raises(StorageError):
        read_progress(store.uri("out"), 1)

    with open(tmp_path / "shown", "w+") as shown:
        display = ProgressDisplay(store.uri("out"), 1, shown)
        assert display._line().startswith("no progress to show: cannot read 's3://bucket/out/progress/0'")

"""Objects in S3 that no generation needs are found by one listing, and removed."""

import json

from schemas.schema_version import SCHEMA_VERSION
from talkshard import main
from transforms.beam_support.listings import listed_versions


def test_objects_that_no_generation_needs_are_removed(store, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
    record = {"generation": 2, "last_rewrite": 2, "run": "run.g2.json", "schema_version": SCHEMA_VERSION}
    store.put("out/dataset.json", json.dumps(record | {"shards": [], "manifests": []}).encode())
    kept = ("run.json", "run.g2.json", "notes.txt", "shards/")
    for name in (*kept, "shards/train-000000.tar", ".staging/a"):
        store.put(f"out/{name}", b"{}")
    assert main(["clean", store.uri("out")]) == 0 and "0 objects" in capsys.readouterr().out
    assert main(["clean", store.uri("out"), "--older_than", "0d"]) == 0
    assert "2 objects, 4 bytes removed" in capsys.readouterr().out
    assert store.objects("out/").keys() == {f"out/{name}" for name in (*kept, "dataset.json")}


def test_versions_change_with_the_content_and_are_listed_by_folder(store):
    uris = [store.put(f"in/{name}", b"x") for name in ("a", "b", "deep/c")]
    before = listed_versions([*uris, store.uri("in/none"), "https://host/x"])
    asked = sum(store.requests.values())
    assert asked <= 2 and all(before[:3]) and before[3:] == ["", ""]
    store.put("in/b", b"y")
    after = listed_versions(uris)
    assert [one == other for one, other in zip(before, after, strict=False)] == [True, False, True]


def test_a_folder_that_is_not_there_or_may_not_be_listed_says_nothing_of_other_files(store):
    readable = store.put("closed/a", b"x")
    lone = [readable, store.uri("closed/none"), store.uri("none/b"), "s3://no-such-bucket/c"]
    before = listed_versions(lone)
    assert before[0] and before[1:] == ["", "", ""]
    store.error_code, store.status_of = "AccessDenied", lambda method, key: 403 if (method, key) == ("GET", "") else 0
    assert listed_versions(lone) == before

"""Files in S3: whole or not at all, tried again while errors may pass, and never another file's bytes."""

import os
import time
from collections import Counter

import pytest

from schemas.errors import ChangedSource, LimitExceeded, StorageError, UnreadableSource
from schemas.stored.tables import has_object
from transforms.beam_support import storage, stores
from transforms.beam_support.deletions import delete_tree
from transforms.beam_support.source_cache import release
from transforms.beam_support.stores import StoreOptions
from transforms.beam_support.unchanged import hash_unchanged

LARGE = 120_000_000  # bytes: uploaded in parts


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(stores, "_FIRST_WAIT_S", 0.01)


def failing(times, status=500, method="GET"):
    """A store that answers the first requests of a method for a key with a status."""
    asked = Counter()

    def status_of(found_method, key):
        asked[key] += found_method == method
        return status if found_method == method and asked[key] <= times else 0

    return status_of


def test_what_is_written_is_read_listed_and_deleted(store):
    base = store.uri("out")
    names = ("a", "deep/b", "deep/er/c", "sign*[x]? é#%41")
    for name in names:
        storage.write_once(storage.join(base, name), name.encode())
    storage.write_once(base + "-other", b"stays")
    store.put("out/folder/", b"")  # what a console makes for a folder
    assert storage.list_files(base) == sorted(f"{base}/{name}" for name in names)
    assert (
        storage.list_names(base) == {"a", "deep", "folder", names[-1]} and storage.list_names(base + "/none") == set()
    )
    assert storage.list_matches(f"{base}/deep/*") == [f"{base}/deep/b"]
    assert [storage.read_bytes(f"{base}/{name}") for name in names] == [name.encode() for name in names]
    assert storage.read_range(f"{base}/deep/b", 2, 3) == b"ep/"
    assert storage.size_bytes(f"{base}/deep/er/c") == 9
    assert (storage.exists(f"{base}/a"), storage.exists(f"{base}/z"), storage.exists(f"{base}/deep")) == (1, 0, 0)
    delete_tree(base)
    assert storage.list_files(base) == [] and storage.exists(base + "-other")


def test_errors_that_pass_are_tried_again(store, quick):
    uri = store.put("x.mp4", b"content")
    store.status_of = failing(6)
    assert storage.read_bytes(uri) == b"content"
    with open(storage.local_path(uri), "rb") as copy:
        assert copy.read() == b"content"
    store.status_of = failing(4, 503, "HEAD")
    assert storage.size_bytes(uri) == 7
    store.status_of = failing(4, 500, "PUT")
    storage.write_once(store.uri("y"), b"written")
    assert store.objects("y") == {"y": b"written"}


def test_an_answer_that_does_not_come_is_asked_for_again(store, quick, monkeypatch):
    monkeypatch.setitem(stores._S3_CONFIG, "read_timeout", 0.3)
    StoreOptions(s3_endpoint_url=store.url, patience_s=20.0).use()
    uri, asked = store.put("x.mp4", b"content"), Counter()

    def status_of(method, key):
        asked[key] += 1
        time.sleep(2.0 if asked[key] <= 3 else 0.0)
        return 0

    store.status_of = status_of
    assert storage.read_bytes(uri) == b"content" and asked["x.mp4"] > 3


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_outage_is_an_error_of_the_store_and_not_of_the_file(store, quick, status):
    uri = store.put("x.mp4", b"content")
    StoreOptions(s3_endpoint_url=store.url, patience_s=1.0).use()
    store.status_of = lambda method, key: status
    for act in (storage.read_bytes, storage.local_path, storage.exists, storage.list_files, hash_unchanged):
        with pytest.raises(StorageError, match=r"cannot read 's3://bucket/x.mp4' \(tried \d+ times"):
            act(uri)
    with pytest.raises(StorageError, match="cannot write"):
        storage.write_once(uri, b"other")
    store.status_of = lambda method, key: 0
    assert store.objects() == {"x.mp4": b"content"}


def test_a_store_that_is_not_there_is_an_error_of_the_store(store, quick):
    StoreOptions(s3_endpoint_url="http://127.0.0.1:9", patience_s=1.0).use()
    with pytest.raises(StorageError, match="cannot read"):
        storage.read_bytes(store.uri("x"))


@pytest.mark.parametrize("status", [403, 404])
def test_forbidden_and_not_found_are_errors_of_the_file_at_once(store, status):
    uri = store.put("x.mp4", b"content")
    store.status_of = lambda method, key: status
    for act in (storage.read_bytes, storage.local_path, hash_unchanged):
        with pytest.raises(UnreadableSource, match=r"cannot read 's3://bucket/x\.mp4'"):
            act(uri)
    assert max(store.requests.values()) <= 3  # each act asked once


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed"]
)
def test_refused_credentials_are_an_error_of_the_store_and_not_of_the_file(store, code):
    uri = store.put("x.mp4", b"content")
    store.status_of, store.error_code = lambda method, key: 403, code
    for act in (storage.read_bytes, storage.size_bytes, storage.local_path, hash_unchanged, storage.list_files):
        with pytest.raises(StorageError, match=f"refuses the credentials of this machine .{code}"):
            act(uri)
    with pytest.raises(StorageError, match=code):
        storage.write_once(store.uri("y"), b"written")


def test_an_object_that_one_may_not_read_is_no_matter_of_credentials(store):
    uri = store.put("x.mp4", b"content")
    store.status_of, store.error_code = lambda method, key: 403, "AccessDenied"
    for act in (storage.read_bytes, storage.size_bytes):
        with pytest.raises(UnreadableSource):
            act(uri)


def test_a_store_that_does_not_answer_does_not_say_that_an_object_is_missing(store, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
    store.put("out/dataset.json", b"{}")
    assert has_object(store.uri("out"), "dataset.json") and not has_object(store.uri("out"), "run.json")
    store.status_of = lambda method, key: 500
    with pytest.raises(StorageError, match="cannot look for"):
        has_object(store.uri("out"), "dataset.json")


def test_attempts_are_counted(store, quick):
    uri = store.put("x.mp4", b"content")
    answers = iter([500] * 4 + [403] * 9)  # each attempt of ours may be two requests of the client's
    store.status_of = lambda method, key: next(answers)
    with pytest.raises(UnreadableSource) as caught:
        storage.read_bytes(uri)
    assert caught.value.attempts >= 2


def test_a_writer_that_raises_publishes_nothing(store):
    with pytest.raises(ZeroDivisionError), storage.open_once(store.uri("x")) as stream:
        stream.write(bytes(LARGE))
        stream.write(bytes(1 // 0))
    assert store.objects() == {} and store.unfinished_uploads() == []


def test_a_large_file_is_uploaded_whole_or_not_at_all(store, quick):
    StoreOptions(s3_endpoint_url=store.url, patience_s=0.0).use()
    data = os.urandom(1 << 20) * (LARGE >> 20)
    store.status_of = failing(99, 500, "PUT")
    with pytest.raises(StorageError):
        storage.write_once(store.uri("x"), data)
    assert store.objects() == {} and store.unfinished_uploads() == []
    store.status_of = lambda method, key: 0
    storage.write_once(store.uri("x"), data)
    assert store.objects() == {"x": data}


def test_a_file_is_fetched_once_for_all_uses(store):
    uri = store.put("x.mp4", b"content")
    hash_unchanged(uri)
    for _ in range(5):
        storage.local_path(uri)
        release()
    assert store.fetched_bytes["x.mp4"] == len(b"content")


def test_a_file_that_changes_while_it_is_fetched_is_no_mixture(store):
    uri = store.put("x.mp4", b"first content")

    def change(method, key):
        if method == "GET":
            store.put("x.mp4", b"other content")
        return 0

    store.status_of = change
    with pytest.raises(ChangedSource, match="while it was fetched"):
        storage.local_path(uri)
    store.status_of = lambda method, key: 0
    with open(storage.local_path(uri), "rb") as copy:
        assert copy.read() == b"other content"


def test_fetching_has_a_time_limit_of_its_own(store, monkeypatch):
    monkeypatch.setattr(storage, "_FETCH_BYTES", 10)
    uri = store.put("x.mp4", bytes(1000))
    StoreOptions(s3_endpoint_url=store.url, fetch_s=0.5).use()
    store.delay_s = 0.1
    with pytest.raises(LimitExceeded, match=r"limits.fetch_s \(0.5 s\)"):
        storage.local_path(uri)


def test_names_below_a_folder_are_asked_for_without_those_below_them(store):
    base = store.uri("out")
    for number in range(3):
        store.put(f"out/.staging/work/{number}", b"")
    store.put("out/", b"")
    asked = sum(store.requests.values())
    assert storage.list_names(base) == storage.list_names(base + "/") == {".staging"}
    assert sum(store.requests.values()) == asked + 2

"""An object in S3 is replaced only while it is what it was: of several writers at once, one wins."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.errors import IntegrityError, StorageError
from transforms.beam_support import conditional, stores
from transforms.beam_support.conditional import bytes_or_none, open_new, replace_unchanged
from transforms.beam_support.stores import StoreOptions


@pytest.mark.parametrize("before", [None, b"first"])
def test_of_many_that_create_or_replace_an_object_at_once_one_wins(store, before):
    uri = store.uri("pointer")
    if before:
        store.put("pointer", before)
    written = [b"writer %d" % number for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda data: replace_unchanged(uri, data, before), written))
    assert sum(won) == 1
    assert store.objects() == {"pointer": written[won.index(True)]}


def test_a_writer_that_looked_before_another_wrote_loses(store, monkeypatch):
    uri = store.put("pointer", b"first")
    looked = conditional.bytes_or_none

    def look_and_lose_time(uri):
        found = looked(uri)
        store.put("pointer", b"other")
        return found

    monkeypatch.setattr(conditional, "bytes_or_none", look_and_lose_time)
    assert not replace_unchanged(uri, b"mine", b"first")
    assert store.objects() == {"pointer": b"other"}


def test_an_object_that_another_has_deleted_is_not_replaced(store):
    assert not replace_unchanged(store.uri("pointer"), b"mine", b"first") and store.objects() == {}


@pytest.mark.parametrize("before", [None, b"first"])
def test_an_answer_that_was_lost_is_no_other_writer(store, before, monkeypatch):
    monkeypatch.setattr(stores, "_FIRST_WAIT_S", 0.01)
    uri = store.uri("pointer")
    if before:
        store.put("pointer", before)
    lost = iter([True])

    def lose_the_answer(method, key):
        if method == "PUT" and next(lost, False):
            store.put(key, b"mine")
            return 500
        return 0

    store.status_of = lose_the_answer
    assert replace_unchanged(uri, b"mine", before) and bytes_or_none(uri) == b"mine"


def test_a_store_that_fails_is_no_other_writer(store):
    uri = store.put("pointer", b"first")
    StoreOptions(s3_endpoint_url=store.url, patience_s=1.0).use()
    store.status_of = lambda method, key: 500 if method == "PUT" else 0
    with pytest.raises(StorageError, match="cannot write"):
        replace_unchanged(uri, b"mine", b"first")


@pytest.mark.parametrize("num_bytes", [10, 120_000_000], ids=["one put", "in parts"])
def test_a_new_object_never_takes_the_place_of_another(store, num_bytes):
    for _ in range(2):
        with open_new(store.uri("shard.tar")) as stream:
            stream.write(bytes(num_bytes))
    with pytest.raises(IntegrityError, match="another run has written"), open_new(store.uri("shard.tar")) as stream:
        stream.write(b"1" * num_bytes)
    assert store.objects() == {"shard.tar": bytes(num_bytes)} and store.unfinished_uploads() == []

"""One S3 store for each test."""

import pytest

from tests.made_store import made_store
from transforms.beam_support.source_cache import release
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions


@pytest.fixture
def store(monkeypatch, tmp_path):
    """A store with an empty bucket, which this process reaches, with little patience."""
    monkeypatch.setenv("TALKSHARD_CACHE", str(tmp_path / "cache"))
    with made_store(monkeypatch) as made:
        StoreOptions(s3_endpoint_url=made.url, patience_s=20.0).use()
        yield made
    release()
    DEFAULT_STORE.use()

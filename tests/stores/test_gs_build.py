"""A build from gs:// to gs:// has the bytes of a local one, and another build into it is refused; by an emulator."""

import os
import subprocess
from multiprocessing import forkserver
from pathlib import Path

import fsspec
import pytest

from talkshard import main
from tests.end_to_end.conftest import IN_PROCESS, run
from tests.engines.processes import free_port, listens
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared
from tests.stores.test_s3_build import NO_SYNC, WORKERS, hashes, inputs, local  # noqa: F401  # fixtures
from transforms.beam_support.stores import DEFAULT_STORE

EMULATOR = Path(__file__).resolve().parents[2] / ".engines" / "fake-gcs-server"
pytestmark = [
    needs_shared,
    needs_models,
    pytest.mark.skipif(not EMULATOR.exists(), reason="needs an emulator of Google's storage: make engines"),
]


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    """The url of an empty bucket of an emulator, which every process of this test reaches."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # it would ask Google for the kind of the bucket
    monkeypatch.setenv("TALKSHARD_CACHE", str(tmp_path / "cache"))
    fsspec.filesystem("gs").clear_instance_cache()
    forkserver._forkserver._stop()  # the next one has this environment
    command = [EMULATOR, "-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*map(str, command), "-external-url", url], **quiet) as emulator:
        while not listens(port):
            assert emulator.poll() is None
        fsspec.filesystem("gs").mkdir("bucket")
        yield "gs://bucket"
        emulator.kill()
    fsspec.filesystem("gs").clear_instance_cache()
    DEFAULT_STORE.use()


@pytest.mark.parametrize("flags", [IN_PROCESS, WORKERS], ids=["one_process", "workers"])
def test_from_store_to_store_gives_the_bytes_of_a_local_build(bucket, flags, inputs, local, tmp_path, capsys):  # noqa: F811
    store = fsspec.filesystem("gs")
    store.put(f"{inputs}/", "bucket/in/", recursive=True)
    assert run(f"{bucket}/out", f"{bucket}/in", flags=(*flags, *NO_SYNC)) == 0
    os.makedirs(tmp_path / "copy")
    store.get("bucket/out/", f"{tmp_path}/copy/", recursive=True)
    assert hashes(tmp_path / "copy") == local
    assert main(["verify", f"{bucket}/out"]) == 0
    capsys.readouterr()
    assert run(f"{bucket}/out", f"{bucket}/in", flags=(*flags, *NO_SYNC)) == 0
    assert "is complete" in capsys.readouterr().out

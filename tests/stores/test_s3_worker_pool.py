"""A build whose workers are an EXTERNAL pool, in a process that knows nothing of the launcher but its graph."""

import os
import socket
import subprocess
import sys
import time

from pipeline.environment import ROOT
from tests.end_to_end.conftest import run
from tests.made_media import MadeAudio, make_plain_video
from tests.made_store import CREDENTIALS
from tests.pipeline.made_models import needs_models

pytestmark = needs_models
_START_S = 60.0


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def started_pool(port, cache):
    """A pool whose environment has credentials, and no other option of a store."""
    paths = [ROOT, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    pool = subprocess.Popen(
        [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main", f"--service_port={port}"],
        env={
            **CREDENTIALS,
            "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}",
            "HOME": os.environ["HOME"],
            "PYTHONPATH": os.pathsep.join(paths),
            "TALKSHARD_CACHE": str(cache),
        },
        stderr=subprocess.DEVNULL,
    )
    ends_at = time.monotonic() + _START_S
    while time.monotonic() < ends_at:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return pool
        time.sleep(0.2)
    pool.kill()
    raise TimeoutError(f"no worker pool at port {port}")


def test_workers_of_a_pool_elsewhere_reach_the_store(store, tmp_path):
    plain = make_plain_video(tmp_path / "plain.mp4", audio_streams=[MadeAudio(clicks_s=[1.0])])
    store.put("in/plain.mp4", plain.read_bytes())
    store.put("in/broken.mp4", b"no video")
    port = free_port()
    pool = started_pool(port, tmp_path / "pool_cache")
    try:
        flags = ("--runner=PortableRunner", "--job_endpoint=embed", "--environment_type=EXTERNAL")
        where = f"--environment_config=127.0.0.1:{port}"
        assert run(store.uri("out"), store.uri("in"), flags=(*flags, where, "--sync", "none", *store.flags)) == 3
    finally:
        pool.terminate()
        pool.wait()
    assert len(list((tmp_path / "pool_cache").glob("*.cached.mp4"))) == 2  # the pool fetched them, not the launcher
    assert "out/manifests/sources/part-00000.parquet" in store.objects("out/")

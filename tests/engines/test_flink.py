"""A real Flink cluster: it outlives a killed TaskManager, and a build through it a killed worker pool too."""

import shutil

import pytest

from tests.engines.builds import hashes_when_done, portable_flags, start_build, wait_until_in_midst
from tests.engines.flink_cluster import FlinkCluster, FlinkFiles
from tests.engines.processes import free_port, wait_until
from tests.engines.workers import ROOT, start_pool

FILES = FlinkFiles(folder=ROOT / ".engines" / "flink")
FLINK_FLAGS = ("--parallelism=2", "--environment_cache_millis=60000", "--flink_version=1.20")
needs_flink = pytest.mark.skipif(
    not (shutil.which("java") and FILES.libraries.is_dir()), reason="needs Java and Flink's jars: make flink-test"
)
needs_job_server = pytest.mark.skipif(
    not FILES.job_server.is_file(), reason="needs Beam's job server for Flink: make flink-test says why it is not there"
)
pytestmark = needs_flink


@pytest.fixture
def cluster(tmp_path):
    """A cluster of two TaskManagers; the first is `cluster.task_managers[0]`."""
    folder = tmp_path / "flink"
    folder.mkdir()
    running = FlinkCluster(FILES, folder)
    try:
        yield running
    finally:
        running.close()


def test_the_cluster_misses_a_killed_task_manager_and_takes_another(cluster):
    first, second = cluster.add_task_manager(), cluster.add_task_manager()
    assert cluster.num_task_managers() == 2
    first.kill()
    wait_until(lambda: cluster.num_task_managers() == 1, second)
    cluster.add_task_manager()
    assert cluster.num_task_managers() == 2


@needs_job_server
def test_a_build_outlives_a_task_manager_and_a_pool(inputs, local_hashes, binaries, cluster, tmp_path):
    first, _ = cluster.add_task_manager(), cluster.add_task_manager()
    port = free_port()
    pools = [start_pool(binaries, port, tmp_path / f"pool-{number}.log") for number in (1, 2)]
    try:
        build = start_build(inputs, tmp_path / "out", (*portable_flags(cluster.start_job_server(), port), *FLINK_FLAGS))
        wait_until_in_midst(build, tmp_path / "out")
        first.kill()
        pools[0].kill()
        cluster.add_task_manager()
        assert hashes_when_done(build, tmp_path / "out") == local_hashes
    finally:
        for pool in pools:
            pool.kill()

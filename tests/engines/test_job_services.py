"""Job services other than the launcher's own, with workers that run the wheel: they give the bytes of a local run.

Beam's own job service is there wherever Beam is, and runs every bundle twice here. Prism, Beam's runner in Go, is
fetched by `make engines`.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import talkshard
from pipeline.output import PAGES
from tests.engines.builds import (
    hashes_of_build,
    hashes_when_done,
    portable_flags,
    start_build,
    wait_until_ended,
    wait_until_in_midst,
)
from tests.engines.processes import Running, free_port, listens, wait_until
from tests.engines.workers import ROOT, start_pool, worker_variables

PRISM = ROOT / ".engines" / "prism"


def beams_own(port: int) -> tuple[object, ...]:
    """Command of the job service that the Python SDK brings."""
    return (sys.executable, ROOT / "tests" / "engines" / "job_service.py", port)


def prism(port: int) -> tuple[object, ...]:
    """Command of Prism."""
    if not PRISM.is_file():
        pytest.skip(f"no Prism at {PRISM}: make engines")
    return (PRISM, "--job_port", port, "--serve_http=false")


@pytest.fixture(params=[beams_own, prism])
def job_port(request, tmp_path):
    """Port of a running job service."""
    port = free_port()
    service = Running(request.param(port), tmp_path / "job-service.log")
    try:
        wait_until(lambda: listens(port), service)
        yield port
    finally:
        service.kill()


@pytest.fixture
def new_pool(binaries, tmp_path):
    """Function that starts a pool at a port."""
    pools: list[Running] = []

    def start(port: int) -> Running:
        pools.append(start_pool(binaries, port, tmp_path / f"pool-{len(pools) + 1}.log"))
        return pools[-1]

    yield start
    for pool in pools:
        pool.kill()


def test_the_workers_run_the_wheel(binaries: Path):
    command = (binaries / "python", "-c", "import transforms; print(transforms.__file__)")
    found = subprocess.check_output(command, env=worker_variables(binaries), text=True)
    assert Path(found.strip()).is_relative_to(binaries.parent)


def test_another_job_service_gives_the_bytes_of_a_local_run(
    inputs, local_hashes, job_port, new_pool: Callable[[int], Running], tmp_path
):
    new_pool(pool_port := free_port())
    assert hashes_of_build(inputs, tmp_path / "out", portable_flags(job_port, pool_port)) == local_hashes


def test_after_a_pool_was_killed_the_same_command_gives_the_same_bytes(
    inputs, local_hashes, job_port, new_pool: Callable[[int], Running], tmp_path
):
    pool = new_pool(pool_port := free_port())
    flags = portable_flags(job_port, pool_port)
    build = start_build(inputs, tmp_path / "out", flags)
    wait_until_in_midst(build, tmp_path / "out")
    pool.kill()
    assert build.wait(60) == 1 and not (tmp_path / "out" / "dataset.json").exists()
    new_pool(pool_port)
    assert hashes_of_build(inputs, tmp_path / "out", flags) == local_hashes


def test_a_job_ends_without_its_launcher(
    inputs, local_hashes, job_port, new_pool: Callable[[int], Running], tmp_path, capsys
):
    new_pool(pool_port := free_port())
    output = tmp_path / "out"
    build = start_build(inputs, output, (*portable_flags(job_port, pool_port), "--no_wait_until_finish"))
    assert build.wait(60) == 0 and "submitted" in build.log.read_text()
    wait_until_ended(output)
    assert hashes_when_done(build, output) == local_hashes
    assert {path.name for path in output.iterdir()} == {*PAGES, "dataset.json", "run.json", "shards", "manifests"}
    assert talkshard.main(["status", str(output)]) == 0
    assert "ended" in capsys.readouterr().out

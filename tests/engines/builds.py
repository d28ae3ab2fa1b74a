"""Builds through an engine: in a process of their own, so that something can be killed meanwhile."""

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.owner import OWNER
from tests.engines.processes import Running, tail, wait_until
from tests.engines.workers import ROOT

BUILD_LIMIT_S = 300
SMALL_SHARDS = ("--set", "shards.target_mb=1")  # several, so that an engine has shards to spread


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What is built."""

    folder: Path
    flags: tuple[str, ...] = ()  # what these videos need


def start_build(inputs: Inputs, output: Path, flags: Sequence[str] = ()) -> Running:
    """Start a build of a folder; its log lies beside the output."""
    given = ("--input", inputs.folder, "--output", output, *SMALL_SHARDS, *inputs.flags, *flags)
    command = (sys.executable, ROOT / "beam_runner.py", *given)
    return Running(command, output.with_suffix(".log"), os.environ | {"PYTHONPATH": str(ROOT)})


def hashes_of_build(inputs: Inputs, output: Path, flags: Sequence[str] = ()) -> dict[str, str]:
    """Hashes of a build that must succeed."""
    return hashes_when_done(start_build(inputs, output, flags), output)


def hashes_when_done(build: Running, output: Path) -> dict[str, str]:
    """Wait for a build that must succeed; path below its output -> sha256, of every shard and manifest part."""
    assert build.wait(BUILD_LIMIT_S) == 0, tail(build.log)
    assert (output / "dataset.json").is_file()
    files = [path for name in ("shards", "manifests") for path in sorted((output / name).rglob("*")) if path.is_file()]
    return {str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def wait_until_in_midst(build: Running, output: Path) -> None:
    """Wait until the faces of a first window were tracked: much is done, and more is to do."""
    wait_until(lambda: any(output.glob(".staging/work/v1/tracked/*/*.npz")), build, BUILD_LIMIT_S)


def wait_until_ended(output: Path) -> None:
    """Wait until a job whose launcher has ended takes its mark away, which it does last."""
    end = time.monotonic() + BUILD_LIMIT_S
    while (output / OWNER).exists() or not (output / "dataset.json").exists():
        assert time.monotonic() < end, sorted(path.name for path in output.iterdir())
        time.sleep(0.5)


def portable_flags(job_port: int, pool_port: int) -> tuple[str, ...]:
    """Options of a build by a job service, with workers of a pool. Beam makes the time limit the job's deadline."""
    return (
        "--runner=PortableRunner",
        f"--job_endpoint=localhost:{job_port}",
        "--job_server_timeout=86400",
        "--environment_type=EXTERNAL",
        f"--environment_config=localhost:{pool_port}",
    )

"""Beam's worker pools, in an environment in which Talkshard was installed from its wheel."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from pipeline.environment import ONE_THREAD, QUIET
from tests.engines.processes import Running, wait_until
from transforms import NO_TELEMETRY
from transforms.media.models import FOLDER_VARIABLE, models_folder

ROOT = Path(__file__).resolve().parents[2]
IN_THE_WHEEL = ("audit", "pipeline", "schemas", "speech2vid", "transforms")
ALSO_NEEDED = ("pyproject.toml", "README.md", "LICENSE", "beam_runner.py", "talkshard.py")


def make_environment(folder: Path) -> Path:
    """Make an environment of the wheel and this environment's other packages; returns its bin folder.

    A path file adds the other packages. Python reads no path files there, so that an editable install is not seen.
    """
    venv.create(folder / "venv", symlinks=True)
    packages = sysconfig.get_path("purelib", "venv", {"base": folder / "venv"})
    _pip("install", "--no-deps", "--no-index", "--target", packages, _wheel(folder))
    Path(packages, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "venv" / "bin"


def start_pool(binaries: Path, port: int, log: Path) -> Running:
    """Start a pool, and wait until it is ready. Several pools may share a port: the kernel spreads the calls."""
    command = (binaries / "python", "-m", "apache_beam.runners.worker.worker_pool_main", f"--service_port={port}")
    pool = Running(command, log, worker_variables(binaries))
    wait_until(lambda: "Started worker pool" in log.read_text(), pool)
    return pool


def worker_variables(binaries: Path) -> dict[str, str]:
    """Environment variables of a pool: it starts workers with plain `python`, the first on PATH.

    Nothing is imported from the current folder, which may hold other code; the models are those of this environment.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    places = {"PATH": f"{binaries}:{os.environ['PATH']}", FOLDER_VARIABLE: str(models_folder()), "PYTHONSAFEPATH": "1"}
    return inherited | ONE_THREAD | QUIET | NO_TELEMETRY | places


def _wheel(folder: Path) -> Path:
    """Build the wheel from a copy of the sources, for a build folder in them may hold files that are gone."""
    source = folder / "source"
    for name in IN_THE_WHEEL:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ALSO_NEEDED:
        shutil.copy(ROOT / name, source / name)
    _pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder / "dist", source)
    [wheel] = (folder / "dist").glob("talkshard-*.whl")
    return wheel


def _pip(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "pip", "-q", *map(str, arguments)], check=True)

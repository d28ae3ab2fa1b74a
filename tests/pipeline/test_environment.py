"""The environment of every process of ours: one thread for each numeric library, and no telemetry."""

import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from pipeline.environment import set_environment
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared
from transforms import NO_TELEMETRY
from transforms.media.models import model_path, models_folder

ROOT = Path(__file__).resolve().parents[2]
SESSION = """
import os, sys
from transforms.media.onnx_runtime import onnx_session
onnx_session(sys.argv[1])
print(len(os.listdir("/proc/self/task")), *(os.environ[name] for name in sys.argv[2:]))
"""


def untouched_python(folder, *argv):
    """Run Python without our variables, with a home and a temporary folder of its own; what it printed."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TALKSHARD_MODELS": str(models_folder()),
        "OPENBLAS_NUM_THREADS": "1",  # so that a thread of telemetry is the only one that could be there
    }
    for variable in ("HOME", "TMPDIR"):
        (folder / variable).mkdir()
        environment[variable] = str(folder / variable)
    done = subprocess.run(
        [sys.executable, *argv], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def left_behind(folder):
    """Files in home and temporary folder of untouched_python: telemetry would leave a .ses file and a cache."""
    return [path.name for variable in ("HOME", "TMPDIR") for path in (folder / variable).rglob("*")]


def test_numeric_libraries_have_one_thread_and_workers_find_these_packages():
    with mock.patch.dict(os.environ, {"OMP_NUM_THREADS": "7", "PYTHONPATH": "/elsewhere"}):
        set_environment()
        assert os.environ["OMP_NUM_THREADS"] == "1"
        assert os.environ["PYTHONPATH"].split(os.pathsep) == [str(ROOT), "/elsewhere"]


@needs_models
def test_a_session_in_anyones_program_starts_no_telemetry(tmp_path):
    printed = untouched_python(tmp_path, "-c", SESSION, model_path("centerface"), *NO_TELEMETRY)
    assert printed.split() == ["1", *NO_TELEMETRY.values()] and left_behind(tmp_path) == []


def test_importing_the_trainers_reader_is_enough():
    code = "import speech2vid.reader.samples, os, sys; print([os.environ.get(name) for name in sys.argv[1:]])"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *NO_TELEMETRY], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(list(NO_TELEMETRY.values()))


@needs_models
@needs_shared
@pytest.mark.parametrize("command", [["probe"], ["build", "--output", "out", "--input"]], ids=["probe", "build"])
def test_a_command_leaves_nothing_in_home_and_temporary_folder(command, tmp_path):
    clip = shared("dev/grid_other/lbax4n.mpg")
    untouched_python(tmp_path, str(ROOT / "talkshard.py"), *command, str(clip))
    assert left_behind(tmp_path) == []

"""A command that is killed when its objects are written and dataset.json is not moved yet."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KILLED = -9
_LIMIT_S = 120.0
_PROGRAM = """
import os, signal, sys
from transforms.manifests import stage
stage.replace_unchanged = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
import talkshard
talkshard.main(sys.argv[1:])
"""


def run_killed(*argv: object) -> int:
    """Run a command, which is killed before it moves the pointer; its exit code."""
    command = [sys.executable, "-c", _PROGRAM, *map(str, argv)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, **quiet) as launcher:
        code = launcher.wait(_LIMIT_S)
        with suppress(ProcessLookupError):
            os.killpg(launcher.pid, signal.SIGKILL)  # the children of its fork server
    return code

"""Takedowns that are killed right before one of their changes to the disk: the first, the second, and so on."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KILLED = -9
_PROGRAM = """
import os, signal, sys
import talkshard
from pipeline.environment import set_environment
set_environment()
import pipeline.commands.takedown, audit.report, apache_beam

CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "open", "shutil.rmtree"}

def kill_before(number, folder):
    left = [number]
    def hook(event, arguments):
        if event in CHANGES and isinstance(arguments[0], (str, bytes, os.PathLike)):
            path = os.fsdecode(arguments[0])
            if path.startswith(folder) and not (event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR)):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    return left

for line in sys.stdin:
    number, folder, *argv = line.rstrip("\\n").split("\\t")
    process = os.fork()
    if not process:
        silent = os.open(os.devnull, os.O_RDWR)
        os.dup2(silent, 0); out = os.dup(1); os.dup2(silent, 1); os.dup2(silent, 2)
        left = kill_before(int(number), folder)
        code = talkshard.main(argv)
        os.write(out, f"{int(number) - left[0]} ".encode())
        os._exit(code)
    _, status = os.waitpid(process, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Killer:
    """A process that has imported all that a takedown needs, and forks for each."""

    def __init__(self, process: subprocess.Popen):
        self._process = process

    def run(self, number: int, folder: Path, *argv: object) -> tuple[int, int]:
        """Exit code of a command that is killed before its change `number`; and how many it made, if it was not."""
        words = [str(number), str(folder), *map(str, argv)]
        self._process.stdin.write("\t".join(words) + "\n")
        self._process.stdin.flush()
        *changes, code = map(int, self._process.stdout.readline().split())
        return code, changes[0] if changes else 0


@contextmanager
def killer() -> Iterator[Killer]:
    """Start that process."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", _PROGRAM], cwd=ROOT, text=True, **pipes) as process:
        try:
            yield Killer(process)
        finally:
            process.stdin.close()
            process.wait()

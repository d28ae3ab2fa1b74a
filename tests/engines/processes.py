"""Processes of an engine under test: each with a log, and killed together with all that it started."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

TICK_S = 0.1


class Running:
    """A process in a group of its own; its log also holds when it was started and killed."""

    def __init__(self, command: Sequence[object], log: Path, environment: Mapping[str, str] | None = None):
        self.name, self.log = log.stem, log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        _say(f"started {self.name}, process {self._process.pid}")

    def exit_code(self) -> int | None:
        """Exit code; None while it runs."""
        return self._process.poll()

    def wait(self, limit_s: float) -> int:
        """Exit code, once it ended; subprocess.TimeoutExpired after the limit."""
        return self._process.wait(limit_s)

    def kill(self) -> None:
        """Kill the whole group with SIGKILL; nothing happens where it has ended."""
        if self.exit_code() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            _say(f"killed {self.name}, process {self._process.pid}")


def free_port() -> int:
    """A port that no one listens on."""
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


def wait_until(holds: Callable[[], bool], process: Running, limit_s: float = 120) -> None:
    """Wait until something holds; AssertionError with the end of the log where the process ends or the time is up."""
    end = time.monotonic() + limit_s
    while not holds():
        ended, late = process.exit_code() is not None, time.monotonic() > end
        assert not (ended or late), f"{process.name} {'ended' if ended else 'is late'}: {tail(process.log)}"
        time.sleep(TICK_S)


def listens(port: int) -> bool:
    """Whether a process listens on a port of this machine."""
    with socket.socket() as caller:
        return caller.connect_ex(("localhost", port)) == 0


def tail(log: Path, num_chars: int = 2000) -> str:
    """The end of a log."""
    return log.read_text(errors="replace")[-num_chars:]


def _say(what: str) -> None:
    print(time.strftime("%H:%M:%S"), what, flush=True)

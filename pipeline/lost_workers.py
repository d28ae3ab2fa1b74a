"""A worker process of a local run that ends before its time stops the run: Beam itself would wait for it for ever."""

import logging
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import grpc
from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.portability.fn_api_runner.worker_handlers import (
    ControlFuture,
    SubprocessSdkWorkerHandler,
    WorkerHandler,
)
from apache_beam.runners.portability.local_job_service import SubprocessSdkWorker

from schemas.errors import LostWorker

_ENDED = re.compile(r"exited with return code (-?\d+)")
_FIRST_OF_SHELL = 128  # a shell's exit status for a process that a signal ended: 128 and its number


@WorkerHandler.register_environment(python_urns.SUBPROCESS_SDK, bytes)
class WatchedWorker(SubprocessSdkWorkerHandler):
    """Beam's worker process, which takes the whole run with it when it ends by itself."""

    started: ClassVar[list["WatchedWorker"]] = []

    def start_worker(self) -> None:
        """See SubprocessSdkWorkerHandler."""
        self.worker = SubprocessSdkWorker(
            self._worker_command_line, self.control_address, self.provision_info, self.worker_id
        )
        self.worker_thread = threading.Thread(name="run_worker", target=self._run)
        self.started.append(self)
        self.worker_thread.start()

    def _run(self) -> None:
        try:
            self.worker.run()
        except RuntimeError as error:
            logging.getLogger(__name__).error(error)
            for worker in list(self.started):  # at the end of a run nothing is pending, and this does nothing
                worker.fail(f"a worker process ended in the midst of its work: {_why(error)}")
            _end_descendants(os.getpid(), self._worker_command_line)  # a bundle of long videos would go on for hours

    def fail(self, why: str) -> None:
        """Answer all that is asked of this worker, now and later, with a LostWorker."""
        connection = self.control_conn
        answer = beam_fn_api_pb2.InstructionResponse(error=f"{LostWorker.__name__}: {why}")
        push = connection.push

        def refuse(request: Any) -> ControlFuture | None:
            future = push(request)
            if future is not None:
                future.set(answer)
            return future

        connection.push = refuse  # type: ignore[method-assign, assignment]  # Beam has no hook for it
        for future in list(connection._futures_by_id.values()):
            future.set(answer)


@contextmanager
def ending_with_a_worker() -> Iterator[None]:
    """Show nothing of Beam's threads that miss their other side, and watch only the workers that the body starts."""
    shown = threading.excepthook

    def show(failed: threading.ExceptHookArgs) -> None:
        if not isinstance(failed.exc_value, grpc.RpcError):
            shown(failed)

    threading.excepthook = show
    WatchedWorker.started.clear()
    try:
        yield
    finally:
        threading.excepthook = shown


def _end_descendants(process: int, command: bytes) -> None:
    """End the processes below one that run this command, and all below these."""
    for child in _children_of(process):
        with suppress(OSError):  # it has ended meanwhile
            words = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ")
            runs_it = command in words
            _end_descendants(child, b"" if runs_it else command)
            if runs_it:
                os.kill(child, signal.SIGKILL)


def _children_of(process: int) -> list[int]:
    found: list[int] = []
    for list_of_children in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended meanwhile
            found += map(int, list_of_children.read_text().split())
    return found


def _why(error: RuntimeError) -> str:
    """What an exit code says."""
    found = _ENDED.search(str(error))
    code = int(found.group(1)) if found else 0
    number = -code if code < 0 else code - _FIRST_OF_SHELL
    if number == signal.SIGKILL:
        return "it was killed, which the system does where memory is short; start the run again with the same command"
    ended = signal.strsignal(number) if number > 0 else None
    return f"{ended or f'exit code {code}'}; start the run again with the same command"

"""A child process for single calls: whatever a native library does in it, the caller goes on."""

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

Result = TypeVar("Result")
_PAUSE_S = 1.0
_LOST = 255  # multiprocessing's exit code of a child whose fork server has ended: it may go on
_NOT_STARTED = (EOFError, OSError, BrokenProcessPool)  # the child or the fork server was killed meanwhile
WALL_FACTOR = 10
"""Times its CPU limit that a call may take where it hangs, or waits for a busy machine."""


def limit_data_memory(memory_mb: int) -> None:
    """Bound this process's data memory: what needs more raises MemoryError."""
    limit = memory_mb * 1_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def end_with_parent() -> None:
    """Let this process end when its parent does, also by SIGKILL, in the middle of a call that releases the GIL."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


class ChildDied(Exception):
    """The child ended, or did not answer in time; the text says which."""


class OutOfTime(ChildDied):
    """A call took longer than it may."""


class ChildProcess:
    """Started at the first call, and again after a call that ended it.

    A call is limited by its CPU time, of all threads, so that a busy machine decides nothing. The kernel ends a child
    that exceeds it, whatever native code it is in. A hang without CPU time ends after WALL_FACTOR times as long. A call
    whose child ended for another reason is tried a second time: it may have been killed, as where memory is short.
    """

    def __init__(self, cpu_s: float, *, wait_s: float = 0.0, start_method: str | None = "spawn") -> None:
        """cpu_s: of each call. wait_s: that a call may wait for others besides. start_method: None: the default one."""
        self._cpu_s, self._wall_s = cpu_s, WALL_FACTOR * cpu_s + wait_s
        self._context = multiprocessing.get_context(start_method)
        self._pool: ProcessPoolExecutor | None = None

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """The result of a module's function in the child; its exceptions are raised here. ChildDied: see there."""
        try:
            return self._call(function, arguments)
        except OutOfTime:
            raise
        except ChildDied:
            time.sleep(_PAUSE_S)  # a fork server that was killed is taken for a living one until it is gone
            return self._call(function, arguments)

    def _call(self, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, self._context, _begin)
        try:
            answer = self._pool.submit(_limited, self._cpu_s, function, arguments)
        except _NOT_STARTED as error:
            self._ended()
            raise ChildDied("the process that was to work on it did not start, twice") from error
        try:
            return answer.result(self._wall_s)
        except BrokenProcessPool as error:
            exit_code = self._ended()
            if exit_code == -signal.SIGPROF:
                raise OutOfTime(f"took more than {self._cpu_s:g} s of CPU time") from error
            raise ChildDied(f"the process that worked on it died twice ({_exit_words(exit_code)})") from error
        except TimeoutError as error:
            if answer.done():  # the function's own
                raise
            self.close()
            used = f"with less than {self._cpu_s:g} s of CPU time"
            raise OutOfTime(f"hung: no end after {self._wall_s:g} s, {used}") from error

    def close(self) -> None:
        """End the child, also in the middle of a call."""
        if self._pool is not None:
            for child in (self._pool._processes or {}).values():  # the pool itself cannot end a child that hangs
                child.kill()
            self._ended()

    def _ended(self) -> int | None:
        """Exit code of the child of a pool that ends, of which nothing is left then."""
        assert self._pool is not None, "there is a child"
        children = list((self._pool._processes or {}).values())  # one, or none that was started
        self._pool.shutdown(cancel_futures=True)  # its thread has asked for the code and ended, as it must before we do
        self._pool = None
        for child in children:
            if child.exitcode == _LOST and child.pid:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
        return children[0].exitcode if children else None


def _exit_words(exit_code: int | None) -> str:
    return signal.Signals(-exit_code).name if exit_code and exit_code < 0 else f"exit code {exit_code}"


def _begin() -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    end_with_parent()


def _limited(cpu_s: float, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    """The function's result; SIGPROF comes when this process has computed for cpu_s meanwhile."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        return function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)

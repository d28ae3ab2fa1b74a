"""A child process for single calls: whatever a native library does in it, the caller goes on."""

import multiprocessing
import os
import resource
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

Result = TypeVar("Result")


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


class ChildProcess:
    """Started at the first call, and again after a call that ended it."""

    def __init__(self, timeout_s: float | None) -> None:
        """timeout_s: for each call; None: no limit."""
        self._timeout_s = timeout_s
        self._pool: ProcessPoolExecutor | None = None

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """The result of a module's function in the child; its exceptions are raised here. ChildDied: see there."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), end_with_parent)
        try:
            return self._pool.submit(function, *arguments).result(self._timeout_s)
        except BrokenProcessPool as error:
            self.close()
            raise ChildDied("the process that looked at it died") from error
        except TimeoutError as error:
            self.close()
            raise ChildDied(f"looking at it took longer than {self._timeout_s:g} s") from error

    def close(self) -> None:
        """End the child, also in the middle of a call."""
        if self._pool is None:
            return
        children = list((self._pool._processes or {}).values())  # the pool itself cannot end a child that hangs
        for child in children:
            child.kill()
        self._pool.shutdown(cancel_futures=True)  # its thread must have ended before this process does
        self._pool = None

"""Calls of commands that read media: in a child process, so that a native decoder that dies ends with one line."""

from collections.abc import Callable
from typing import Any, TypeVar

from schemas.errors import LimitExceeded, NativeCrash
from transforms.beam_support.child_process import ChildDied, ChildProcess, limit_data_memory
from transforms.media.config import LimitsConfig

Result = TypeVar("Result")


def call_in_child(
    name: str, function: Callable[..., Result], *arguments: Any, limits: LimitsConfig | None = None
) -> Result:
    """The result of a module's function, called in a child process; what it raises is raised here.

    name: of the input, for messages. limits: time and memory of the call; None: those of a build. NativeCrash: the
    child died, or took longer than `limits.prepare_s`. LimitExceeded: it needed more than `limits.memory_mb`.
    """
    limits = limits or LimitsConfig()
    child = ChildProcess(limits.prepare_s)
    try:
        return child.call(_called, limits.memory_mb, function, arguments)
    except ChildDied as error:
        raise NativeCrash(f"crash: {name!r} cannot be used: {error} (a native decoder crashed or hangs)") from error
    except MemoryError as error:
        raise LimitExceeded(f"{name!r} needs more memory than limits.memory_mb allows") from error
    finally:
        child.close()


def _called(memory_mb: int, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    """The function's result, within a limit of data memory."""
    limit_data_memory(memory_mb)
    return function(*arguments)

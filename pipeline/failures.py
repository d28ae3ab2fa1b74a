"""One line and an exit code for an exception that a runner raised: runners wrap what their workers raise."""

import re

import grpc

from schemas.errors import IntegrityError, LostWorker, StorageError, TalkshardError, UsageError

_KINDS = {kind.__name__: kind for kind in (UsageError, IntegrityError, StorageError, LostWorker)}
_RAISED = re.compile(rf"(?:schemas\.errors\.|\b)({'|'.join(_KINDS)}): (.+)")
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded")
_JOB_FAILED = re.compile(r"Pipeline \S+ failed in state \S+: *")
_IN_A_STEP = "[while running"  # Beam adds it to what the code of a step raises
_WHERE = re.compile(r"\s*\[while running .*", re.DOTALL)


def as_talkshard_error(error: BaseException) -> TalkshardError | None:
    """Find this project's error in an exception that stopped a run; None where there is none, which is a bug."""
    text = _text_of(error)
    if isinstance(error, TalkshardError):
        return type(error)(_WHERE.sub("", str(error)))
    raised = _RAISED.findall(text)
    if raised:
        kind, line = raised[-1]
        return _KINDS[kind](_WHERE.sub("", line))
    if full := _DISK_FULL.search(text):
        return StorageError(f"{full.group(0)}: free some space for the output and this machine's temporary folder")
    return _lost_engine(error, text)


def _lost_engine(error: BaseException, text: str) -> LostWorker | None:
    """An engine that is gone, or that gave up on a job for another reason than an exception in one of its steps."""
    if isinstance(error, grpc.RpcError):
        details = error.details() if isinstance(error, grpc.Call) else str(error)
        return LostWorker(f"the engine does not answer any more: {details}; start the run again with the same command")
    failed = _JOB_FAILED.search(text)
    if not failed or _IN_A_STEP in text:
        return None
    lines = text[failed.end() :].strip().splitlines() or ["it does not say why"]
    return LostWorker(f"the engine gave up on the job: {lines[-1].strip()}")


def _text_of(error: BaseException | None) -> str:
    """The text of an exception and of its causes, the first cause first."""
    lines = []
    while error is not None:
        lines.append(f"{type(error).__name__}: {error}")
        error = error.__cause__ or error.__context__
    return "\n".join(reversed(lines))

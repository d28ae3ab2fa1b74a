"""One line and an exit code for an exception that a runner raised: runners wrap what their workers raise."""

import re

from schemas.errors import IntegrityError, StorageError, TalkshardError, UsageError

_KINDS = {kind.__name__: kind for kind in (UsageError, IntegrityError, StorageError)}
_RAISED = re.compile(rf"(?:schemas\.errors\.|\b)({'|'.join(_KINDS)}): (.+)")
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded")
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
    return None


def _text_of(error: BaseException | None) -> str:
    """The text of an exception and of its causes, the first cause first."""
    lines = []
    while error is not None:
        lines.append(f"{type(error).__name__}: {error}")
        error = error.__cause__ or error.__context__
    return "\n".join(reversed(lines))

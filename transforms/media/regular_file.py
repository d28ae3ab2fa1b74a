"""Whether a path leads to a regular file: opening a pipe or a device waits for ever, or has effects of its own."""

import errno
import os
import stat

from schemas.errors import UnreadableSource

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISDIR, "a folder"),
)


def why_not_regular(path: str) -> str:
    """What a path is instead of a regular file, as words; "" for a regular file, and where nothing is there."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if not os.path.islink(path):
            return ""  # it is gone, or may not be looked at: opening it says so
        return "a loop of symbolic links" if error.errno == errno.ELOOP else "a symbolic link that leads nowhere"
    if stat.S_ISREG(mode):
        return ""
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "no regular file")


def is_pipe(path: str) -> bool:
    """Whether a path leads to a pipe, as `<(...)` of a shell and /dev/stdin do; reading it waits for its writer."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False


def require_regular(path: str) -> None:
    """UnreadableSource, which names the path, where it leads to something that is not a regular file."""
    if reason := why_not_regular(path):
        raise UnreadableSource(f"{path!r} is {reason}: only regular files are read")

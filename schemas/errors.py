"""Exceptions that survive pickling. The `kind` of a media error is stored in the `failures` table."""


class TalkshardError(Exception):
    """One line that names what is wrong and the cure. Positional arguments only, because others do not unpickle."""

    exit_code = 1
    attempts = 1  # times that what failed was tried


class UsageError(TalkshardError):
    """A wrong option, a missing file, an output that holds something else: exit 2, before any work."""

    exit_code = 2


class NothingToDo(TalkshardError):
    """What was asked for is there already: exit 0, and nothing was changed."""

    exit_code = 0


class NothingFound(TalkshardError):
    """There is nothing of what was asked for: exit 3, as of a build that made no clip."""

    exit_code = 3


class IntegrityError(TalkshardError):
    """The counts do not add up, or stored bytes do not match their hash: exit 4."""

    exit_code = 4


class StorageError(TalkshardError):
    """The output cannot be written (disk full, no permission): exit 5."""

    exit_code = 5


class LostWorker(TalkshardError):
    """A worker process or the engine ended in the midst of a run: exit 1; the same command begins it again."""


class MediaError(TalkshardError):
    """An input that cannot be used. `kind` is stable and is stored in the `failures` table."""

    kind = "media"
    is_final = False  # the same content fails again, whenever and wherever it is tried


class UnreadableSource(MediaError):
    """The file is gone, or may not be read."""

    kind = "unreadable"


class ChangedSource(MediaError):
    """The file is not the one that was hashed: it was written to, replaced or appended to during the run."""

    kind = "changed"


class NotMedia(MediaError):
    """Empty, a text file with a video's name, a truncated header."""

    kind = "not_media"
    is_final = True


class DamagedMedia(MediaError):
    """More of a window failed to decode than `limits.damaged_share` allows."""

    kind = "damaged"
    is_final = True


class LimitExceeded(MediaError):
    """A frame size, duration or memory use beyond that of any plausible input."""

    kind = "limit"


class MissingStream(MediaError):
    """The requested stream (`audio.stream`, `video.stream`) is not in the file."""

    kind = "missing_stream"
    is_final = True


class EncryptedMedia(MediaError):
    """The content is encrypted, so that no decoder can read it."""

    kind = "encrypted"
    is_final = True


class NoDecoder(MediaError):
    """The codec of a stream is one that FFmpeg cannot decode."""

    kind = "no_decoder"
    is_final = True


class NativeCrash(MediaError):
    """The child process in which a command read media died: a native decoder crashed, or needed too long."""

    kind = "crash"


MEDIA_ERRORS = (
    UnreadableSource,
    ChangedSource,
    NotMedia,
    DamagedMedia,
    LimitExceeded,
    MissingStream,
    EncryptedMedia,
    NoDecoder,
)

FINAL_KINDS = tuple(error.kind for error in MEDIA_ERRORS if error.is_final)
"""Kinds of failure that are results like any other: they are not tried again."""

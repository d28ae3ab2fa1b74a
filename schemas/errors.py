"""What can go wrong with an input, as exceptions that survive pickling. Their kind is the `failures` table's `kind`."""


class TalkshardError(Exception):
    """One line that names the thing and the cure. Only positional arguments: keyword-only ones do not unpickle."""

    exit_code = 1


class UsageError(TalkshardError):
    """A wrong option, a missing file, an output that holds something else: exit 2, before any work."""

    exit_code = 2


class IntegrityError(TalkshardError):
    """The counts do not add up, or stored bytes are not what their hash says: exit 4."""

    exit_code = 4


class StorageError(TalkshardError):
    """The output cannot be written (disk full, no right): exit 5."""

    exit_code = 5


class MediaError(TalkshardError):
    """An input that cannot be used. `kind` is stable and goes into the `failures` table."""

    kind = "media"


class UnreadableSource(MediaError):
    """The file vanished, or may not be read."""

    kind = "unreadable"


class NotMedia(MediaError):
    """Empty, a text file with a video's name, a truncated header."""

    kind = "not_media"


class DamagedMedia(MediaError):
    """More of a window failed to decode than `limits.damaged_share` allows."""

    kind = "damaged"


class LimitExceeded(MediaError):
    """A frame size, duration or memory use that no sane input has."""

    kind = "limit"


class MissingStream(MediaError):
    """The stream that was asked for (`audio.stream`) is not in the file."""

    kind = "missing_stream"


MEDIA_ERRORS = (UnreadableSource, NotMedia, DamagedMedia, LimitExceeded, MissingStream)

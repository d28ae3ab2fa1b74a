"""Rows of the failures table: which source and window failed, of what kind, and why."""

import logging
import traceback
from dataclasses import replace
from typing import NamedTuple

from schemas.errors import MEDIA_ERRORS, IntegrityError, LimitExceeded, StorageError, UsageError
from schemas.tables import FailureRow
from transforms.beam_support.child_process import ChildDied, OutOfTime
from transforms.beam_support.log_records import working_on
from transforms.beam_support.source_cache import CACHED
from transforms.beam_support.storage import is_local, path_of
from transforms.media.source_names import named_text

_logger = logging.getLogger(__name__)

STOPS_THE_RUN = (StorageError, IntegrityError, UsageError)
"""Errors that are not of one element: no failure row, the bundle fails."""
CHILD_ENDED, OUT_OF_TIME = "crash", "timeout"
KINDS = (*(error.kind for error in MEDIA_ERRORS), CHILD_ENDED, OUT_OF_TIME, "bug")
"""Every kind that a failure row can have."""


class Place(NamedTuple):
    """Source and window of an element, for its failure row."""

    source_id: str
    source_uri: str  # as tables have it
    window_index: int = -1  # -1: the whole source
    read_from: str = ""  # where messages may say that it lies


def failure_row(error: Exception, stage: str, place: Place) -> FailureRow:
    """Row of a caught exception: of the exception's kind where the file is to blame, else a bug with its traceback."""
    if isinstance(error, MEDIA_ERRORS):
        return row_of(error.kind, str(error), stage, place, error.attempts)
    if isinstance(error, MemoryError):
        return row_of(LimitExceeded.kind, "needs more memory than limits.memory_mb allows", stage, place)
    if isinstance(error, ChildDied):
        if isinstance(error, OutOfTime):
            return row_of(OUT_OF_TIME, str(error), stage, place)
        return row_of(CHILD_ENDED, str(error), stage, place, attempts=2)
    return row_of("bug", "".join(traceback.format_exception(error)), stage, place)


def _places(uri: str) -> tuple[str, ...]:
    return (uri, path_of(uri)) if is_local(uri) else (uri,)


def row_of(kind: str, message: str, stage: str, place: Place, attempts: int = 1) -> FailureRow:
    """The row of a failure; places in the message where the source was read from become its name."""
    message = named_text(CACHED.sub(lambda _: place.source_uri, message), _places(place.read_from), place.source_uri)
    message = message.encode(errors="backslashreplace").decode()  # a path in it may have bytes that are no UTF-8
    with working_on(stage, place.source_id, place.source_uri, place.window_index):
        _logger.log(logging.ERROR if kind == "bug" else logging.WARNING, "failed (%s): %s", kind, message)
    return FailureRow(
        stage=stage,
        kind=kind,
        message=message,
        source_id=place.source_id,
        source_uri=place.source_uri,
        window_index=place.window_index,
        attempts=attempts,
    )


def renamed(failure: FailureRow, place: Place) -> FailureRow:
    """The failure of a content, with the name that the content has now."""
    message, name = failure.message, failure.source_uri
    for quote in ("'", '"'):  # a name may be a part of any word
        message = message.replace(f"{quote}{name}{quote}", f"{quote}{place.source_uri}{quote}")
    return replace(failure, source_uri=place.source_uri, message=message)

"""Log lines as JSON objects, each with the source and window that was worked on, in every process of a run.

TALKSHARD_LOG_FORMAT=json asks for them; `build --log_format json` sets it for the processes of a local run.
"""

import contextvars
import datetime
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

LOG_FORMAT_VARIABLE = "TALKSHARD_LOG_FORMAT"
_worked_on: contextvars.ContextVar[dict[str, object]] = contextvars.ContextVar("worked_on", default={})  # noqa: B039


@contextmanager
def working_on(stage: str, source_id: str, source_uri: str, window_index: int) -> Iterator[None]:
    """Name what is worked on in the log lines of the body. window_index: -1, the whole source."""
    fields: dict[str, object] = {"stage": stage, "source_id": source_id, "source_uri": source_uri}
    if window_index >= 0:
        fields["window_index"] = window_index
    token = _worked_on.set(fields)
    try:
        yield
    finally:
        _worked_on.reset(token)


def log_line(level: str, logger: str, message: str, **fields: object) -> str:
    """One log line as JSON."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    record = {"time": now, "level": level, "logger": logger, "message": message, "process": os.getpid()}
    return json.dumps(record | _worked_on.get() | fields, default=str)


class JsonFormatter(logging.Formatter):
    """Makes one JSON object of a record: time (UTC), level, logger, message, process, what was worked on, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        exception = {"exception": self.formatException(record.exc_info)} if record.exc_info else {}
        return log_line(record.levelname, record.name, record.getMessage(), **exception)


def is_json() -> bool:
    """Whether this process writes its log lines as JSON."""
    return os.environ.get(LOG_FORMAT_VARIABLE) == "json"


def use_log_format() -> None:
    """Let this process write its log lines as it was asked to; for workers and their children, at their first work."""
    if not is_json():
        return
    root = logging.getLogger()
    if not root.handlers:
        logging.basicConfig(level=logging.WARNING)
    for handler in root.handlers:
        if not isinstance(handler.formatter, JsonFormatter):
            handler.setFormatter(JsonFormatter())

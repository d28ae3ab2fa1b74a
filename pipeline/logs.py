"""Who reads which message: the user those of this program, a log file those of libraries, decoders and workers."""

import contextlib
import logging
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, TextIO

from schemas.errors import StorageError, TalkshardError
from schemas.shown_text import shown_text
from transforms.beam_support.log_records import LOG_FORMAT_VARIABLE, is_json, log_line, use_log_format

_STANDARD_ERROR = 2  # the file descriptor that native libraries write to
_LAST_LINES_S = 5.0  # to wait for the last lines of processes that are ending
_SHOWN_BYTES = 2000  # of the native libraries' messages, with the traceback of a bug
LOG_VARIABLE = "TALKSHARD_LOG"


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to what sys.stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        self.stream = sys.stderr
        super().emit(record)


def quiet_logs() -> None:
    """Show errors of libraries only. A worker's exception comes back to the launcher, which prints it once."""
    logging.basicConfig(
        level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s", handlers=[_StderrHandler(sys.stderr)]
    )
    logging.getLogger("transforms").setLevel(logging.WARNING)
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    logging.getLogger("apache_beam.runners").setLevel(logging.CRITICAL)


def set_log_format(name: str) -> None:
    """Let this process and those that it starts write their log lines as "text" or "json"."""
    os.environ[LOG_FORMAT_VARIABLE] = name
    use_log_format()
    if is_json():
        sys.excepthook = _log_exception


def log_format() -> str:
    """How this process writes its log lines: "text" or "json"."""
    return "json" if is_json() else "text"


def tell(message: str, stream: IO[str] | None = None, level: str = "ERROR", **fields: object) -> None:
    """Write one line to the user's standard error, or another stream. fields: also given where lines are JSON."""
    line = log_line(level, "talkshard", message, **fields) if is_json() else shown_text(message)
    print(line, file=stream or sys.stderr, flush=True)


def _log_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """As sys.excepthook: a bug is one line as well."""
    tell(str(error), level="CRITICAL", exception="".join(traceback.format_exception(kind, error, trace)))


@contextmanager
def native_messages_apart() -> Iterator[None]:
    """Keep what native libraries write to standard error apart from what Python writes there for the user.

    Decoders and networks (FFmpeg, LiteRT) write to file descriptor 2, and not all of them can be silenced. So
    descriptor 2 becomes a log, for child processes too, and sys.stderr a copy of what it was. The log is the file that
    TALKSHARD_LOG names, else a temporary one; a bug's traceback ends with its last lines. Nothing changes where
    sys.stderr is not on descriptor 2: inside another such block, or where a test captures it.
    """
    if _descriptor_of(sys.stderr) != _STANDARD_ERROR:
        yield
        return
    sys.stderr.flush()
    with os.fdopen(os.dup(_STANDARD_ERROR), "w", buffering=1, errors="backslashreplace") as shown, _native_log() as log:
        os.dup2(log.fileno(), _STANDARD_ERROR)
        try:
            with contextlib.redirect_stderr(shown):
                yield
        except TalkshardError:
            raise
        except Exception as error:
            if last_lines := _last_lines(log):
                error.add_note(f"native libraries wrote:\n{last_lines}")
            raise
        finally:
            shown.flush()
            os.dup2(shown.fileno(), _STANDARD_ERROR)


@contextmanager
def errors_into(path: Path) -> Iterator[TextIO]:
    """All that this process, its children and their native decoders write to standard error goes to `path`.

    Yields a stream to the user's standard error.
    """
    sys.stderr.flush()
    stderr = _descriptor_of(sys.stderr) or _STANDARD_ERROR
    real = {descriptor: os.dup(descriptor) for descriptor in {_STANDARD_ERROR, stderr}}
    path.parent.mkdir(parents=True, exist_ok=True)
    with _log_of_lines(path) as log, os.fdopen(os.dup(real[stderr]), "w") as shown:
        for descriptor in real:
            os.dup2(log.fileno(), descriptor, inheritable=descriptor == _STANDARD_ERROR)
        try:
            yield shown
        finally:
            sys.stderr.flush()
            for descriptor, copy in real.items():
                os.dup2(copy, descriptor, inheritable=descriptor == _STANDARD_ERROR)
                os.close(copy)


@contextmanager
def _log_of_lines(path: Path) -> Iterator[IO[bytes]]:
    """The file at `path`; where lines are JSON, a pipe to it that makes JSON of the lines of native libraries too."""
    with open(path, "ab", buffering=0) as log:
        if not is_json():
            yield log
            return
        source, sink = os.pipe()
        thread = threading.Thread(target=_copy_as_json, args=(source, log), name="log", daemon=True)
        thread.start()
        with os.fdopen(sink, "wb", buffering=0) as written:
            yield written
        thread.join(_LAST_LINES_S)


def _copy_as_json(source: int, log: IO[bytes]) -> None:
    """Copy lines to the log until all writers have ended."""
    with os.fdopen(source, "rb") as lines:
        for line in lines:
            text = line.decode(errors="backslashreplace").rstrip()
            if text:
                is_object = text.startswith("{") and text.endswith("}")
                log.write((text if is_object else log_line("INFO", "native", text)).encode() + b"\n")


def _descriptor_of(stream: TextIO) -> int | None:
    """The file descriptor that a stream writes to; None where it is no file, as in a test."""
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def _native_log() -> IO[bytes]:
    """The file that TALKSHARD_LOG names, opened for appending, else a temporary file that leaves nothing behind."""
    path = os.environ.get(LOG_VARIABLE)
    try:
        return open(path, "a+b") if path else tempfile.TemporaryFile()
    except OSError as error:
        raise StorageError(f"cannot write the log {path or tempfile.gettempdir()}: {error.strerror}") from error


def _last_lines(log: IO[bytes]) -> str:
    log.seek(max(0, log.seek(0, os.SEEK_END) - _SHOWN_BYTES))
    return log.read().decode(errors="replace").strip()

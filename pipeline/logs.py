"""Quiet logs: what a user needs is printed by this program; libraries' messages and workers' go to a file."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


def quiet_logs() -> None:
    """Show errors of libraries only. A worker's exception comes back to the launcher, which prints it once."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    logging.getLogger("apache_beam.runners").setLevel(logging.CRITICAL)


@contextmanager
def errors_into(path: Path) -> Iterator[TextIO]:
    """All that this process, its children and their native decoders write to standard error goes to `path`.

    Yields the real standard error.
    """
    sys.stderr.flush()
    real = os.dup(2)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as log, os.fdopen(os.dup(real), "w") as shown:
        os.dup2(log.fileno(), 2)
        try:
            yield shown
        finally:
            sys.stderr.flush()
            os.dup2(real, 2)
            os.close(real)

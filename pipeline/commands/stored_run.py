"""The check of the commands that read what a build wrote."""

from schemas.errors import UsageError
from schemas.generations import DATASET, run_record_name
from schemas.stored.tables import has_object

RUN = run_record_name(1)


def require_run(output: str) -> None:
    """Raise UsageError when no build wrote to this folder or URL."""
    if not (has_object(output, DATASET) or has_object(output, RUN)):
        raise UsageError(f"{output} has no {RUN}: give the folder or URL that talkshard build wrote to")

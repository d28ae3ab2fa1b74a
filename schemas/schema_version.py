"""The version of what is stored, and the refusal of any other."""

from collections.abc import Mapping
from typing import Any

from schemas.errors import UsageError

SCHEMA_VERSION = "4.0"


def require_schema_version(record: Mapping[str, Any], where: str) -> None:
    """UsageError, one line, unless a dataset.json or run.json was written with this schema version.

    record: the file's content; where: the dataset, as the message names it.
    """
    found = record.get("schema_version", "unknown")
    if found != SCHEMA_VERSION:
        raise UsageError(
            f"{where} was made with schema version {found}; this Talkshard reads {SCHEMA_VERSION}: build it again, or "
            "use the Talkshard that built it"
        )

"""Settings: a frozen dataclass field with its unit and one line about it, so that --help and --set know them all."""

import dataclasses
from typing import Any


def setting(default: object, unit: str, about: str) -> Any:
    """A configuration field: default, unit and description."""
    return dataclasses.field(default=default, metadata={"unit": unit, "about": about})


def require(holds: bool, line: str) -> None:
    """Refuse a setting with one line that names it and its range."""
    if not holds:
        raise ValueError(line)

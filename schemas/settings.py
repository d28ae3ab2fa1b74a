"""Settings: fields of a frozen dataclass, each with its unit and one line about it, which --help and --set show."""

import dataclasses
from typing import Any


def setting(default: object, unit: str, about: str) -> Any:
    """A configuration field: default, unit and description."""
    return dataclasses.field(default=default, metadata={"unit": unit, "about": about})


def require(holds: bool, line: str) -> None:
    """Refuse a setting with one line that names it and its range."""
    if not holds:
        raise ValueError(line)


def setting_values(section: str, config: Any) -> dict[str, Any]:
    """Full name of a setting, like "speakers.min_confidence", -> its value in a section's configuration."""
    return {f"{section}.{field.name}": getattr(config, field.name) for field in dataclasses.fields(config)}

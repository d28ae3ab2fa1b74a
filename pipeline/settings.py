"""Settings by name, "SECTION.FIELD": of any frozen dataclass of sections, dataclasses whose fields are `setting`s.

A dataset's recipe is one, and so are the settings of each recipe of `talkshard train`.
"""

import dataclasses
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_type_hints

from pipeline.nearest import nearest
from schemas.errors import UsageError

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
Sections = TypeVar("Sections")
"""A frozen dataclass of sections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingLine:
    """What --help says about one setting."""

    name: str  # "faces.min_box_px"
    default: object
    unit: str
    about: str


def setting_lines(sections: Any) -> Iterator[SettingLine]:
    """List every setting with its value, its unit and one line about it."""
    for section in dataclasses.fields(sections):
        config = getattr(sections, section.name)
        for field in dataclasses.fields(config):
            yield SettingLine(
                name=f"{section.name}.{field.name}",
                default=getattr(config, field.name),
                unit=field.metadata["unit"],
                about=field.metadata["about"],
            )


def with_assignment(sections: Sections, assignment: str) -> Sections:
    """The same with one setting changed, like "faces.min_box_px=80"; UsageError names what is wrong."""
    name, equals, text = assignment.partition("=")
    if not equals:
        example = next(line for line in setting_lines(sections) if line.default is not None)
        raise UsageError(f"--set {assignment!r} must be NAME=VALUE, like {example.name}={example.default}")
    return with_text(sections, name.strip(), text.strip())


def with_text(sections: Sections, name: str, text: str) -> Sections:
    """The same with the setting `name` read from `text`; UsageError names what is wrong."""
    known = [line.name for line in setting_lines(sections)]
    if name not in known:
        raise UsageError(f"no setting is called {name!r}{nearest(name, known)}")
    section, field = name.split(".")
    config: Any = getattr(sections, section)
    try:
        value = _parsed(text, get_type_hints(type(config))[field])
        changed: Any = dataclasses.replace(config, **{field: value})
        return dataclasses.replace(sections, **{section: changed})  # type: ignore[type-var]  # any dataclass
    except ValueError as error:
        raise UsageError(f"{name}={text}: {error}") from error


def setting_text(value: object) -> str:
    """A setting's value as --set takes it."""
    return "none" if value is None else str(value)


def settings_text(lines: Iterable[SettingLine]) -> str:
    """List settings with default, unit and description, for --help."""
    rows = [(line.name, _shown_default(line), line.about) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    shown = (f"  {name:<{widths[0]}}  {value:<{widths[1]}}  {about}" for name, value, about in rows)
    return "\n".join(["settings (--set NAME=VALUE), with default and unit:", *shown])


def _shown_default(line: SettingLine) -> str:
    return setting_text(None) if line.default is None else f"{setting_text(line.default)} {line.unit}".strip()


def _parsed(text: str, hint: Any) -> object:
    """Convert text to a setting's type; ValueError says what was expected. "none" stands for a value not given."""
    kinds = get_args(hint) or (hint,)
    if type(None) in kinds and text.lower() == "none":
        return None
    kind = kinds[0]
    if kind is bool:
        if text.lower() not in _TRUTH:
            raise ValueError(f"must be true or false, not {text!r}")
        return _TRUTH[text.lower()]
    if kind is str:
        return text
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"must be {'a whole number' if kind is int else 'a number'}, not {text!r}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"must be finite, not {text!r}")
    return value

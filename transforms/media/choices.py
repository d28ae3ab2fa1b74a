"""Settings that name one entry of a registry, some with an argument after a colon: "silero", "pyannote:MODEL"."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The name of an entry, and what its setting looks like."""

    name: str  # the setting, or its part before the colon
    argument: str = ""  # the part after the colon, as --help shows it: FOLDER; "" where the name is the whole setting

    @property
    def form(self) -> str:
        """What the setting looks like: "silero", "pyannote:MODEL"."""
        return f"{self.name}:{self.argument}" if self.argument else self.name


AnyChoice = TypeVar("AnyChoice", bound=Choice)


def forms_of(registry: Mapping[str, Choice]) -> str:
    """What a setting may look like: "A, B or C:FOLDER"."""
    *forms, last = (choice.form for choice in registry.values())
    return f"{', '.join(forms)} or {last}"


def is_choice(registry: Mapping[str, Choice], setting: str) -> bool:
    """Whether a setting names an entry, with an argument exactly where the entry's form has one."""
    name, colon, argument = setting.partition(":")
    choice = registry.get(name)
    return choice is not None and (bool(argument) if choice.argument else not colon)


def chosen(registry: Mapping[str, AnyChoice], setting: str) -> tuple[AnyChoice, str]:
    """The entry that a setting names, and its argument; ValueError where it names none."""
    if not is_choice(registry, setting):
        raise ValueError(f"must be {forms_of(registry)}, not {setting!r}")
    name, _, argument = setting.partition(":")
    return registry[name], argument

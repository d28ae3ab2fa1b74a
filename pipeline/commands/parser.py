"""The parser of every command: whatever is wrong with the arguments is a UsageError of one line."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from pipeline.nearest import nearest
from schemas.errors import UsageError


class CommandParser(argparse.ArgumentParser):
    """An argparse parser that raises UsageError instead of printing its usage; options are not abbreviated."""

    def __init__(self, program: str, description: str, epilog: str | None = None, keep_lines: bool = False) -> None:
        """See argparse. `keep_lines`: the lines of description and epilog are shown as they are."""
        formatter = argparse.RawDescriptionHelpFormatter if keep_lines else argparse.HelpFormatter
        super().__init__(
            prog=program, description=description, epilog=epilog, formatter_class=formatter, allow_abbrev=False
        )

    def parse(self, argv: Sequence[str], minimums: Mapping[str, int] | None = None) -> argparse.Namespace:
        """Parse the arguments. `minimums`: destination of a numeric option -> its smallest value."""
        args, unknown = self.parse_known_args(argv)
        if unknown:
            name = unknown[0].partition("=")[0]
            self.error(f"unknown argument {unknown[0]!r}{nearest(name, self.option_names())}")
        for destination, minimum in (minimums or {}).items():
            value = getattr(args, destination)
            if value is not None and value < minimum:
                raise UsageError(f"--{destination} must be {minimum} or more, not {value}")
        return args

    def option_names(self) -> list[str]:
        """Every option, as it is written on the command line."""
        return [name for action in self._actions for name in action.option_strings]

    def error(self, message: str) -> NoReturn:
        """Raise argparse's message as a UsageError of one line that names the help."""
        raise UsageError(f"{' '.join(message.split())} (see {self.prog} --help)")


def require_file(option: str, path: str | None) -> None:
    """Raise UsageError when an option names a file that does not exist; None: the option was not given."""
    if path is not None and not Path(path).is_file():
        raise UsageError(f"{option}: there is no file {path!r}")

"""Argument errors as one line."""

import argparse

from schemas.errors import UsageError


class LineParser(argparse.ArgumentParser):
    """A parser whose errors are one line, and exit 2."""

    def error(self, message: str) -> None:
        """See argparse."""
        raise UsageError(f"{message} (--help explains)")

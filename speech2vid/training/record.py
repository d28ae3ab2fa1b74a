"""The record of a finished training, training.json, and the command that repeats it."""

import json
import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RECORD = "training.json"


def write_record(folder: Path, record: Mapping[str, object]) -> None:
    """Write training.json; numbers that are not finite, which JSON does not have, become null."""
    (folder / RECORD).write_text(json.dumps(_strict(record), indent=1) + "\n")


def command_line(command: str, options: Mapping[str, object]) -> str:
    """The command that repeats a run, quoted for a shell; options of value None are left out, lists are repeated.

    Give names instead of this machine's paths: the line is published on the card.
    """
    args = ["talkshard", command]
    for name, value in options.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                args += [f"--{name}", " ".join(str(each).split("\n"))]
    return shlex.join(args)


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

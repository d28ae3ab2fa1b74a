"""Which run a folder holds, so that the same command goes on with it and another does not."""

import json
import os
from pathlib import Path

from schemas.errors import UsageError

_FILE = "run.json"
_MAX_SHOWN, _HASH_SHOWN = 40, 16  # characters of a value; of a longer one, as hashes are


def refuse_another_run(output: Path, result: str, checkpoints: str, run: dict[str, object]) -> None:
    """UsageError where the folder holds the result already, or what another run has begun."""
    if (output / result).exists():
        raise UsageError(f"{output} holds a network already: choose another --output, or remove it first")
    path = output / checkpoints / _FILE
    begun = json.loads(path.read_text()) if path.exists() else run
    for name, value in run.items():
        if begun.get(name) != value:
            differs = f"{name} {_shown(begun.get(name))}, not {_shown(value)}"
            raise UsageError(
                f"{output} holds a run that was begun with "
                f"{f'other {name}' if isinstance(value, dict) else differs}: choose another --output, or "
                "give what it was begun with to go on"
            )


def begin_run(output: Path, checkpoints: str, run: dict[str, object]) -> None:
    """Name the run in its folder, once."""
    folder = output / checkpoints
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / _FILE, json.dumps(run, indent=1).encode() + b"\n")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole or not there: under another name first, then renamed."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content)
    os.replace(partial, path)


def _shown(value: object) -> str:
    text = " ".join(value) if isinstance(value, list) else str(value)
    if value is None or not text:
        return "none"
    return text if len(text) <= _MAX_SHOWN else text[:_HASH_SHOWN]

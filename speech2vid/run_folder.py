"""Which run a folder holds, so that the same command goes on with it and another does not."""
import json
import os
from pathlib import Path

from schemas.errors import UsageError

_FILE = "run.json"


def refuse_another_run(output: Path, result: str, checkpoints: str, run: dict[str, object]) -> None:
    """UsageError where the folder holds the result already, or what another run has begun."""
    if (output / result).exists():
        raise UsageError(f"{output} holds a network already: choose another --output, or remove it first")
    path = output / checkpoints / _FILE
    begun = json.loads(path.read_text()) if path.exists() else run
    for name, value in run.items():
        if begun.get(name) != value:
            raise UsageError(f"{output} holds a run that was begun with {name} {_shown(begun.get(name))}, not "
                             f"{_shown(value)}: choose another --output, or give what it was begun with to go on")


def begin_run(output: Path, checkpoints: str, run: dict[str, object]) -> None:
    """Name the run in its folder, once."""
    folder = output / checkpoints
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / f"{_FILE}.part"
    whole.write_text(json.dumps(run, indent=1) + "\n")
    os.replace(whole, folder / _FILE)


def _shown(value: object) -> str:
    return str(value)[:40] if value is not None else "none"

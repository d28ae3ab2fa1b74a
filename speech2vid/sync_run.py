"""Which run of `talkshard train-sync` a folder holds, so that the same command goes on with it and another does not."""
import argparse
import importlib.metadata
import json
import os
import shlex
from pathlib import Path

from schemas.errors import UsageError
from speech2vid.sync_dataset import dataset_sha256

NETWORK, CHECKPOINTS, TENSORBOARD = "lip_sync.onnx", "checkpoints", "tensorboard"
_FILE = "run.json"
_OPTIONS = ("only", "seed", "networks", "folds", "steps", "patience", "rounds")


def run_of(own: argparse.Namespace, lags: dict[str, float | None]) -> dict[str, object]:
    """All that a run's numbers hang on, but the processor."""
    return {"dataset": dataset_sha256(own.dataset), "lags": lags, **{name: getattr(own, name) for name in _OPTIONS},
            **{name: importlib.metadata.version(name) for name in ("torch", "numpy")}}


def refuse_another_run(output: Path, run: dict[str, object]) -> None:
    """UsageError where the folder holds a network already, or what another run has begun."""
    if (output / NETWORK).exists():
        raise UsageError(f"{output} holds a network already: choose another --output, or remove it first")
    path = output / CHECKPOINTS / _FILE
    begun = json.loads(path.read_text()) if path.exists() else run
    for name, value in run.items():
        if begun.get(name) != value:
            differs = f"{name} {_shown(begun.get(name))}, not {_shown(value)}"
            raise UsageError(f"{output} holds a run that was begun with "
                             f"{f'other {name}' if isinstance(value, dict) else differs}: choose another --output, or "
                             "give what it was begun with to go on")


def begin(output: Path, run: dict[str, object]) -> None:
    """Name the run in its folder, once."""
    folder = output / CHECKPOINTS
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / f"{_FILE}.part"
    whole.write_text(json.dumps(run, indent=1) + "\n")
    os.replace(whole, folder / _FILE)


def command_line(own: argparse.Namespace) -> str:
    """The command that makes this run again, without this machine's folders."""
    words = ["talkshard", "train-sync", "--dataset", "OUT", "--output", "DIR"]
    words += ["--lags", Path(own.lags).name] if own.lags else []
    for name in _OPTIONS:
        values = own.only if name == "only" else [getattr(own, name)]
        words += [word for value in values for word in (f"--{name}", str(value))]
    return shlex.join(words)


def _shown(value: object) -> str:
    text = " ".join(value) if isinstance(value, list) else str(value)
    return text[:16] or "none"

"""What a run of `talkshard train-sync` hangs on: see run_folder."""

import argparse
import importlib.metadata
import shlex
from pathlib import Path

from speech2vid.sync_training.dataset import dataset_sha256

NETWORK, CHECKPOINTS, TENSORBOARD = "lip_sync.onnx", "checkpoints", "tensorboard"
_OPTIONS = ("only", "seed", "networks", "folds", "steps", "patience", "rounds")


def run_of(args: argparse.Namespace, lags: dict[str, float | None]) -> dict[str, object]:
    """All that a run's numbers hang on, but the processor."""
    return {
        "dataset": dataset_sha256(args.dataset),
        "lags": lags,
        **{name: getattr(args, name) for name in _OPTIONS},
        **{name: importlib.metadata.version(name) for name in ("torch", "numpy")},
    }


def command_line(args: argparse.Namespace) -> str:
    """The command that makes this run again, without this machine's folders."""
    words = ["talkshard", "train-sync", "--dataset", "OUT", "--output", "DIR"]
    words += ["--lags", Path(args.lags).name] if args.lags else []
    for name in _OPTIONS:
        values = args.only if name == "only" else [getattr(args, name)]
        words += [word for value in values for word in (f"--{name}", str(value))]
    return shlex.join(words)

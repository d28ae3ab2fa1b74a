"""A pyannote checkpoint's file: its place, what it needs and its hash, without importing pyannote or torch."""

import importlib.util
import os
from pathlib import Path

from schemas.errors import UsageError
from transforms.media.model_licences import GIVEN, file_weights

CHECKPOINT_NAME = "pytorch_model.bin"
"""Name of the checkpoint in a folder, and on the hub."""
_FILE_ENDINGS = (".bin", ".ckpt", ".pt", ".yaml")


def checkpoint_path(name: str) -> str:
    """Path of the checkpoint in a folder; any other name as it is."""
    return os.path.join(name, CHECKPOINT_NAME) if os.path.isdir(name) else name


def require_pyannote(name: str) -> None:
    """Raise UsageError where pyannote is not installed, or where a name that is plainly a path does not exist."""
    if importlib.util.find_spec("pyannote") is None or importlib.util.find_spec("pyannote.audio") is None:
        raise UsageError("--speech pyannote needs the extra of that name: pip install 'talkshard[pyannote]'")
    is_path = name.startswith((".", "/", "~")) or name.endswith(_FILE_ENDINGS) or name.count("/") > 1
    if is_path and not os.path.exists(name):
        raise UsageError(f"--speech pyannote:{name}: there is no file or folder {name!r}")


def pyannote_weights(name: str) -> dict[str, dict[str, str]]:
    """For run.json: file -> its sha256 and licence."""
    path = Path(checkpoint_path(name))
    if path.is_file():
        return {f"pyannote {path.name}": file_weights(path)}
    return {f"pyannote {name}": {"sha256": "", "licence": GIVEN}}  # a hub id: workers fetch the file

"""The folder or URL that a dataset goes to: whether it may, what a killed run left there, and run.json."""

import json
import os

from schemas.errors import StorageError, UnreadableSource, UsageError
from transforms.beam_support import storage

DATASET, RUN, STAGING = "dataset.json", "run.json", ".staging"
FOLDERS = (STAGING, "shards", "manifests")
FILES = ("report.html", "dataset_card.md", RUN)
"""What a run makes below OUTPUT before dataset.json; run.json goes last, for it marks the folder as ours."""


def normalised_output(text: str) -> str:
    """Absolute folder, or URL without a trailing slash."""
    return os.path.abspath(storage.path_of(text)) if storage.is_local(text) else text.rstrip("/")


def require_free_output(output: str) -> None:
    """UsageError when OUTPUT holds a dataset or files that no run of ours left. Changes nothing."""
    names = _names(output)
    if DATASET in names:
        raise UsageError(f"{output} holds a dataset already ({DATASET}): choose another --output, or remove it first")
    foreign = sorted(names - {*FOLDERS, *FILES})
    if foreign or (names and not names & {RUN, STAGING}):
        named = (foreign or sorted(names))[0]
        raise UsageError(f"{output} is not empty and holds {named!r}, which no run left there: choose another --output")


def require_inputs_outside(output: str, uris: list[str]) -> None:
    """UsageError when an input lies where leftovers are removed: input is never touched."""
    ours = tuple(f"{os.path.realpath(output) if storage.is_local(output) else output}/{name}/" for name in FOLDERS)
    for uri in uris:
        place = os.path.realpath(storage.path_of(uri)) if storage.is_local(uri) else uri
        if place.startswith(ours):
            raise UsageError(f"the input {uri!r} lies among the output's own files: choose another --output")


def open_output(output: str, run: dict[str, object]) -> None:
    """Remove what a killed run left, and say in run.json that a run begins. StorageError: it cannot be written."""
    for name in FOLDERS:
        storage.delete_tree(f"{output}/{name}")
    storage.delete_files([f"{output}/{name}" for name in FILES if storage.exists(f"{output}/{name}")])
    write_run(output, run)


def write_run(output: str, run: dict[str, object]) -> None:
    """Write OUTPUT/run.json."""
    storage.write_once(f"{output}/{RUN}", json.dumps(run, indent=1, sort_keys=True).encode())


def read_run(output: str) -> dict[str, object]:
    """Read OUTPUT/run.json."""
    return json.loads(storage.read_bytes(f"{output}/{RUN}"))


def write_page(output: str, name: str, text: str) -> None:
    """Write one of OUTPUT's pages."""
    storage.write_once(f"{output}/{name}", text.encode())


def remove_staging(output: str) -> None:
    """Remove OUTPUT/.staging of a run that is whole."""
    storage.delete_tree(f"{output}/{STAGING}")


def _names(output: str) -> set[str]:
    """What lies directly below OUTPUT; nothing when there is no such folder."""
    try:
        if storage.is_local(output):
            return set(os.listdir(output)) if os.path.lexists(output) else set()
        return {uri.removeprefix(output).strip("/").split("/")[0] for uri in storage.list_files(output)}
    except UnreadableSource as error:
        raise UsageError(f"--output {output}: {error}") from error
    except NotADirectoryError as error:
        raise UsageError(f"the output {output} is a file: choose a folder") from error
    except OSError as error:
        raise StorageError(f"cannot look into the output {output}: {error.strerror}") from error

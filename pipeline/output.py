"""The folder or URL of a dataset: whether it is free, what a killed run left in it, records of runs and the pages."""

import functools
import json
import os
import posixpath
from collections.abc import Callable
from typing import Any

from pipeline.owner import is_marked, require_no_owner
from schemas.errors import StorageError, UnreadableSource, UsageError
from schemas.generations import (
    DATASET,
    OWNER,
    PAGES,
    RUN_RECORD,
    RUN_STAGING,
    STAGING,
    UNFINISHED,
    generation_of,
    run_record_name,
)
from schemas.records import VideoSource
from schemas.stored.record import dataset_sha256
from transforms.beam_support import storage
from transforms.beam_support.conditional import bytes_or_none
from transforms.beam_support.deletions import delete_files, delete_tree

WORK = f"{STAGING}/work"  # results between stages, which a later run finds
FOLDERS = ("shards", "manifests")
RUN = run_record_name(1)
FIRST_RUN = "run.g1.json"  # what RUN was in the first generation, once there is another


def normalised_output(text: str) -> str:
    """Return an absolute folder, or a URL without a trailing slash."""
    return os.path.abspath(storage.path_of(text)) if storage.is_local(text) else text.rstrip("/")


def require_work_folder(work: str, output: str) -> None:
    """Raise UsageError where the folder for results between stages is a file, or the output itself."""
    if work == output:
        raise UsageError(f"--work {work} is the output: choose another folder, which later builds may use as well")
    path = storage.path_of(work)
    if storage.is_local(work) and os.path.lexists(path) and not os.path.isdir(path):
        raise UsageError(f"--work {work} is not a folder: choose another one, which later builds may use as well")


def require_free_output(output: str) -> None:
    """Raise UsageError where the output holds a dataset, another run's work, or what no build wrote. Changes nothing.

    A folder is one of ours by the mark of a run or by what its run.json says, not by the names in it.
    """
    names = _names(output)
    _require_no_dataset(output, names)
    foreign = sorted(name for name in names - {*FOLDERS, *PAGES, STAGING, OWNER} if not _is_run_file(name))
    if OWNER in names:
        require_no_owner(output)
    if foreign or (names and not _is_ours(output, names)):
        named = (foreign or sorted(names))[0]
        raise UsageError(f"{output} is not empty and holds {named!r}, which no build wrote: choose another --output")


def without_own(sources: tuple[VideoSource, ...], *folders: str) -> tuple[VideoSource, ...]:
    """Leave out what lies in a run's folders under a name that no media has: what a killed run wrote is no input."""
    ours = tuple(_real(folder) + "/" for folder in folders)
    place_of = _place_finder()
    return tuple(one for one in sources if not (one.content_decides and place_of(one.uri).startswith(ours)))


def require_inputs_outside(output: str, uris: list[str]) -> None:
    """Raise UsageError where an input is in a folder that a run empties: inputs are never changed."""
    ours = tuple(f"{_real(output)}/{name}/" for name in (*FOLDERS, STAGING))
    place_of = _place_finder()
    for uri in uris:
        if place_of(uri).startswith(ours):
            raise UsageError(
                f"the input {uri!r} is in a folder of the output that a build empties: choose another --output"
            )


def open_output(output: str, run: dict[str, object], generation: int = 1, parent_sha256: str = "") -> None:
    """Remove what a killed run of this generation left, and write the run's record.

    What lies in staging stays. StorageError: the output cannot be written. UsageError: another run has ended in it
    since it was looked at.
    """
    names = _names(output)
    delete_tree(f"{output}/{RUN_STAGING}")
    if generation > 1:
        _require_parent(output, parent_sha256)
        _remove_generation(output, generation)
    else:
        _require_no_dataset(output, names)
        for name in FOLDERS:
            delete_tree(f"{output}/{name}")
        ours = (name for name in names if name in PAGES or _is_run_file(name))
        delete_files([f"{output}/{name}" for name in ours if name != RUN])  # which is the sign of our folders
    write_run(output, run, generation)


def write_run(output: str, run: dict[str, object], generation: int = 1) -> None:
    """Write the record of the run that makes a generation."""
    storage.write_once(f"{output}/{run_record_name(generation)}", json.dumps(run, indent=1, sort_keys=True).encode())


def show_run(output: str, run: dict[str, object], generation: int) -> None:
    """Let run.json be the record of the present generation, as report and card are; that of the first one is kept."""
    if generation == 1:
        return
    if not storage.exists(f"{output}/{FIRST_RUN}"):
        storage.write_once(f"{output}/{FIRST_RUN}", storage.read_bytes(f"{output}/{RUN}"))
    write_run(output, run)


def read_run(output: str, generation: int | None = None) -> dict[str, Any]:
    """The record of the run that makes a generation; None: of the one that the dataset is of, or of the last run."""
    if generation is None:
        generation = _present_generation(output)
    return json.loads(storage.read_bytes(f"{output}/{run_record_name(generation)}"))


def latest_run(output: str) -> dict[str, Any]:
    """The record of the last run, which may be at work on the next generation."""
    after = _present_generation(output) + 1
    return read_run(output, after if storage.exists(f"{output}/{run_record_name(after)}") else after - 1)


def write_page(output: str, name: str, text: str) -> None:
    """Write one of OUTPUT's pages."""
    storage.write_once(f"{output}/{name}", text.encode())


def remove_staging(output: str, keeps_work: bool) -> None:
    """Remove what a finished run does not need any more: all of OUTPUT/.staging, or all but the results in it."""
    delete_tree(f"{output}/{RUN_STAGING if keeps_work else STAGING}")


def _present_generation(output: str) -> int:
    """The generation that dataset.json is of; 1 where there is none yet."""
    stored = bytes_or_none(f"{output}/{DATASET}")
    return 1 if stored is None else json.loads(stored).get("generation", 1)


def _require_parent(output: str, parent_sha256: str) -> None:
    if dataset_sha256(output) != parent_sha256:
        raise UsageError(f"another run has changed the dataset in {output} meanwhile: run the same command again")


def _remove_generation(output: str, generation: int) -> None:
    """Remove what an earlier try at a generation left that no dataset.json names."""
    found = [uri for name in FOLDERS for uri in storage.list_files(f"{output}/{name}")]
    delete_files([uri for uri in found if generation_of(uri) == generation])


def _is_run_file(name: str) -> bool:
    """Whether a name directly below the output is that of a run's record, or of a file that a kill left unfinished."""
    return bool(RUN_RECORD.fullmatch(name) or UNFINISHED.fullmatch(name))


def _require_no_dataset(output: str, names: set[str]) -> None:
    if DATASET in names:
        raise UsageError(f"{output} holds a dataset already ({DATASET}): run the same command again, which says more")


def _is_ours(output: str, names: set[str]) -> bool:
    """Whether a run of this program left its mark, or the record of a run."""
    if OWNER in names:
        return is_marked(output)
    try:
        return RUN in names and {"schema_version", "recipe", "packages"} <= read_run(output, 1).keys()
    except (ValueError, AttributeError, UnreadableSource):  # a file of another program
        return False


def _real(uri: str) -> str:
    return os.path.realpath(storage.path_of(uri)) if storage.is_local(uri) else uri


def _place_finder() -> Callable[[str], str]:
    """Make a function from a uri to where it lies, which follows the links of each folder once."""
    real_folder = functools.cache(_real)

    def place_of(uri: str) -> str:
        path = storage.path_of(uri) if storage.is_local(uri) else uri
        if storage.is_local(uri) and os.path.islink(path):
            return _real(uri)
        return posixpath.join(real_folder(posixpath.dirname(path)), posixpath.basename(path))

    return place_of


def _names(output: str) -> set[str]:
    """Names directly below the output; none where it does not exist."""
    try:
        if storage.is_local(output):
            return set(os.listdir(output)) if os.path.lexists(output) else set()
        return storage.list_names(output)
    except UnreadableSource as error:
        raise UsageError(f"--output {output}: {error}") from error
    except NotADirectoryError as error:
        raise UsageError(f"the output {output} is a file: choose a folder") from error
    except OSError as error:
        raise StorageError(f"cannot look into the output {output}: {error.strerror}") from error

"""The end of a takedown: what was taken out is removed at once from everything below the output, and from work folders.

All of it is found by what dataset.json and the table `takedowns` say, so that it can be done again after a kill.
"""

import json
import re
import zlib
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pipeline.output import PAGES, RUN, RUN_RECORD, UNFINISHED, WORK
from pipeline.owner import OWNER
from pipeline.present import PresentDataset, require_dataset
from schemas.generations import DATASET, RUN_STAGING, STAGING
from schemas.object_names import is_data
from schemas.stored.manifests import stored_manifests
from transforms.beam_support import storage
from transforms.beam_support.deletions import delete_files
from transforms.media.takedown_list import CLIP, SOURCE, TAKEN_DOWN, names_any

_RESULT = re.compile(r"v\d+/\w+/[0-9a-f]{2}/([0-9a-f]{32})\.(\w+)")  # below a work folder
_RECORD = "result"
_NAMELESS = (
    *("schema_version", "recipe", "packages", "models", "python", "platform", "cpu", "started", "finished", "wall_s"),
    *("cpu_s", "counters", "num_inputs", "known_inputs", "pseudonyms", "funnel", "verdict", "work"),
)
"""What records of earlier runs keep: nothing that can name a source."""


def remove_taken(output: str) -> None:
    """Remove what a dataset does not hold any more, and what else shows or names a source that was taken down."""
    present, ids = require_dataset(output), taken_sources(output)
    named = {one["path"] for one in (*present.record["shards"], *present.record["manifests"])}
    paths = [uri.removeprefix(output).lstrip("/") for uri in storage.list_files(output)]
    doomed = [path for path in paths if _must_go(path, named, ids)]
    delete_files([f"{output}/{path}" for path in doomed])
    records = [path for path in paths if RUN_RECORD.fullmatch(path) and path not in (RUN, present.record["run"])]
    works = {f"{output}/{WORK}", *_works(present, output, records)}
    for path in records:
        _forget_names(f"{output}/{path}")
    for work in sorted(works):
        forget_results(work, ids)


def taken_sources(output: str) -> frozenset[str]:
    """Ids of the sources that takedowns were of, as a whole or in part, and of those with copies of it."""
    with stored_manifests(output, ("takedowns", "decisions")) as manifests:
        rows = manifests.execute(
            "SELECT regexp_replace(subject, '-w.*', '') FROM takedowns WHERE kind IN (?, ?) UNION "
            "SELECT source_id FROM decisions WHERE rule = ? AND NOT kept",
            [SOURCE, CLIP, TAKEN_DOWN],
        ).fetchall()
    return frozenset(source_id for (source_id,) in rows)


def unknown_files(output: str) -> list[str]:
    """Files below the output that no build wrote: they may show anyone."""
    ours = {DATASET, OWNER, *PAGES}
    paths = (uri.removeprefix(output).lstrip("/") for uri in storage.list_files(output))
    return [
        path
        for path in paths
        if not (path in ours or is_data(path) or RUN_RECORD.fullmatch(path) or path.startswith(f"{STAGING}/"))
    ]


def forget_results(work: str, ids: frozenset[str]) -> None:
    """Delete the results between stages that were made of some sources, and files that belong to no result."""
    files: dict[str, list[str]] = {}
    kept = set[str]()
    for uri in storage.list_files(work):
        found = _RESULT.fullmatch(uri.removeprefix(work).lstrip("/"))
        if found is None:
            continue
        files.setdefault(found[1], []).append(uri)
        if found[2] == _RECORD and not _is_of_any(uri, ids):
            kept.add(found[1])
    delete_files([uri for key, uris in files.items() if key not in kept for uri in uris])


def _is_of_any(uri: str, ids: frozenset[str]) -> bool:
    """Whether a stored result is of one of these sources; also where it is damaged, for it is of no use then."""
    try:
        return names_any(zlib.decompress(storage.read_bytes(uri)), ids)
    except zlib.error:
        return True


def _must_go(path: str, named: set[str], ids: frozenset[str]) -> bool:
    """Whether an object below the output is one of another generation, half written, or called by a source's id."""
    if path.startswith(f"{RUN_STAGING}/"):
        return False  # of this run, whose end removes it
    name = path.rsplit("/", 1)[-1]
    if UNFINISHED.fullmatch(name):
        return True
    if is_data(path):
        return path not in named
    return names_any(name.encode(errors="surrogateescape"), ids)


def _works(present: PresentDataset, output: str, records: Iterable[str]) -> set[str]:
    """Work folders outside the output that its runs used."""
    runs = [present.run]
    for path in records:
        with suppress(ValueError):
            runs.append(json.loads(storage.read_bytes(f"{output}/{path}")))
    return {run["work"] for run in runs if run.get("work")}


def _forget_names(uri: str) -> None:
    """Reduce the record of an earlier run to what names no source."""
    content: dict[str, Any] = json.loads(storage.read_bytes(uri))
    kept = {name: content[name] for name in _NAMELESS if name in content}
    if "verdict" in kept:
        kept["verdict"] = kept["verdict"] | {"problems": []}
    if kept != content:
        storage.write_once(uri, json.dumps(kept, indent=1, sort_keys=True).encode())

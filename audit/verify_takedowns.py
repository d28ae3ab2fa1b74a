"""Whether anything is left of what was taken down: in tables, objects, results between stages, records and pages."""

import json
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import pyarrow as pa

from audit.stored_objects import PART, SHARD, StoredObjects
from schemas.generations import STAGING, generation_of
from schemas.person_names import compared_name
from schemas.stored.manifests import Manifests, only_row
from schemas.stored.parquet import read_batches, read_schema
from transforms.manifests.checks import Check
from transforms.media.takedown_list import (
    CLIP,
    NAME,
    REFUSED_NAME,
    SOURCE,
    SPEAKER,
    TAKEN_DOWN,
    names_any,
    speaker_hash,
)

_RUN = re.compile(r"run(\.g\d+)?\.json")
_RESULT = re.compile(rf"{re.escape(STAGING)}/work/v\d+/(?!hashes/)\w+/[0-9a-f]{{2}}/[0-9a-f]{{32}}\.result")
_PAGES = ("report.html", "dataset_card.md", "croissant.json")
_OF_SOURCES = ("source_id", "uris", "rule", "key")  # columns
_NAMES_AT_ONCE = 10_000
_REFUSED = f"(SELECT source_id FROM decisions WHERE stage = 'HashSource' AND rule = '{TAKEN_DOWN}' AND NOT kept)"
_GONE = f"(SELECT subject FROM takedowns WHERE kind = '{SOURCE}')"

_NAMES = "(SELECT source_id, unnest(uris) AS name FROM sources)"
_GIVEN = 'speaker, "group", licence, consent, language'

TAKEDOWN_CHECKS = (
    *(
        Check(
            f"SELECT source_id, count(*) FROM {table} WHERE source_id IN {_GONE} GROUP BY ALL",
            f"{{1}} rows of {table} are of source {{0}}, which was taken down",
        )
        for table in ("clips", "tracks", "failures")
    ),
    Check(
        f"SELECT source_id, rule FROM decisions WHERE source_id IN {_GONE} AND (rule <> '{TAKEN_DOWN}' OR kept)",
        "source {0} was taken down, and has a decision by {1}",
    ),
    Check(
        f"SELECT source_id FROM sources WHERE source_id NOT IN {_REFUSED} AND (source_id IN {_GONE} OR content_sha256 "
        f"IN (SELECT content_sha256 FROM takedowns WHERE content_sha256 <> ''))",
        "source {0} was taken down, and has a row that no refusal explains",
    ),
    Check(
        f"SELECT source_id FROM sources WHERE source_id IN {_REFUSED} AND concat({_GIVEN}) <> ''",
        "source {0} was refused, and its row has what was given with it",
    ),
    Check(
        f"SELECT source_id FROM {_NAMES} WHERE source_id IN {_REFUSED} AND NOT starts_with(name, '{REFUSED_NAME}')",
        "source {0} was refused, and its row has a name",
    ),
    Check(
        f"SELECT key FROM clips WHERE key IN (SELECT subject FROM takedowns WHERE kind = '{CLIP}')",
        "clip {0} was taken down, and is there",
    ),
    Check(
        f"SELECT source_id FROM {_NAMES} WHERE sha256(name) IN (SELECT subject FROM takedowns WHERE kind = '{NAME}')",
        "source {0} has a name that was taken down",
    ),
    Check(
        "SELECT kind, subject, count(*) FROM takedowns GROUP BY ALL HAVING count(*) > 1",
        "the takedown of {0} {1} has {2} rows",
    ),
)
"""Checks of the tables."""


def takedown_problems(objects: StoredObjects, record: dict, manifests: Manifests) -> Iterator[str]:
    """What is left of takedowns outside the columns that SQL compares; none where nothing was taken down."""
    (last,) = only_row(manifests, "SELECT max(generation) FROM takedowns")
    if last is None:
        return
    yield from _speaker_problems(manifests)
    whole, touched = _ids(manifests, (SOURCE,)), _ids(manifests, (SOURCE, CLIP))
    keys = {key for (key,) in manifests.execute("SELECT subject FROM takedowns WHERE kind = ?", [CLIP]).fetchall()}
    listed = {item["path"] for item in [*record["shards"], *record["manifests"]]}
    for path in objects.paths():
        if path in listed:
            continue
        if SHARD.fullmatch(path):
            with objects.open(path) as stream:
                if any(names_any(name.encode(), whole) or name.split(".")[0] in keys for name in _members(stream)):
                    yield f"{path}, which dataset.json does not list, holds clips that were taken down"
        elif PART.fullmatch(path):
            with objects.open(path) as stream:
                if any(_is_of_any(row, whole, keys) for row in _rows(stream)):
                    yield f"{path}, which dataset.json does not list, has rows of what was taken down"
        elif _RESULT.fullmatch(path):
            if names_any(_unpacked(objects.read(path)), whole):
                yield f"{path} is a result of a source that was taken down"
        elif _RUN.fullmatch(path):
            yield from _run_problems(objects, path, last, record)
        elif path in _PAGES:
            text = objects.read(path).decode(errors="replace")
            named = sorted(one for one in {*(f"{one}-w" for one in whole), *keys} if one in text)
            yield from (f"{path} names {one}, which was taken down" for one in named)
        elif names_any(path.rsplit("/", 1)[-1].encode(errors="surrogateescape"), touched):
            yield f"{path} is called by a source that was taken down"


def _speaker_problems(manifests: Manifests) -> Iterator[str]:
    rows = manifests.execute("SELECT subject FROM takedowns WHERE kind = ?", [SPEAKER]).fetchall()
    hashes = {subject for (subject,) in rows}
    if not hashes:
        return
    query = (
        "SELECT DISTINCT speaker FROM (SELECT speaker FROM sources UNION SELECT speaker FROM clips) ORDER BY speaker"
    )
    answer = manifests.execute(query)
    while names := answer.fetchmany(_NAMES_AT_ONCE):
        for (name,) in names:
            if name and compared_name(name) and speaker_hash(name) in hashes:
                yield f"speaker {name!r} was taken down, and is there"


def _ids(manifests: Manifests, kinds: tuple[str, ...]) -> frozenset[str]:
    query = "SELECT regexp_replace(subject, '-w.*', '') FROM takedowns WHERE kind IN (SELECT unnest(?))"
    return frozenset(source_id for (source_id,) in manifests.execute(query, [list(kinds)]).fetchall())


def _run_problems(objects: StoredObjects, path: str, last: int, record: dict) -> Iterator[str]:
    """Whether the record of a run before a takedown may still name what was taken."""
    if path in ("run.json", record["run"]) or generation_of(path) >= last:
        return
    try:
        content = json.loads(objects.read(path))
    except ValueError:
        content = None
    if not isinstance(content, dict) or "command_line" in content or "slowest" in content:
        yield f"{path} is the record of a run before the takedown in generation {last}, and may name what was taken"


def _members(stream: BinaryIO) -> Iterator[str]:
    """Names of the members of a shard; none of what is no tar file."""
    with suppress(tarfile.TarError), tarfile.open(fileobj=stream) as tar:
        yield from (member.name for member in tar)


def _rows(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    """What the rows of a part say of sources and clips; none of what is no Parquet file."""
    with suppress(pa.ArrowException):
        names = [name for name in read_schema(stream).names if name in _OF_SOURCES]
        for batch in read_batches(stream, names):
            yield from batch.to_pylist()


def _is_of_any(row: dict[str, Any], source_ids: frozenset[str], keys: set[str]) -> bool:
    """Whether a row is one of what was taken down, but for the refusals that are stored."""
    is_refusal = row.get("rule") == TAKEN_DOWN or str(row.get("uris", "")).startswith(f"['{REFUSED_NAME}")
    return (row.get("source_id") in source_ids and not is_refusal) or row.get("key") in keys


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""

"""Whether anything is left of what was taken down: in tables, objects, results between stages, records and pages."""

import json
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa

from audit.stored_objects import StoredObjects
from schemas.generations import STAGING, generation_of
from schemas.object_names import PART, SHARD
from schemas.person_names import compared_name
from schemas.stored.manifests import Manifests, only_row
from schemas.stored.parquet import read_batches, read_schema
from transforms.manifests.checks import Check
from transforms.media.takedown_list import (
    CLIP,
    NAME,
    PERSON,
    REFUSED_NAME,
    SOURCE,
    SPEAKER,
    TAKEN_DOWN,
    names_any,
    speaker_hash,
)

_OF_SOURCES = ("source_id", "uris", "rule", "key")  # columns
_NAMES_AT_ONCE = 10_000
_REFUSED = f"(SELECT source_id FROM decisions WHERE stage = 'HashSource' AND rule = '{TAKEN_DOWN}' AND NOT kept)"
_GONE = f"(SELECT subject FROM takedowns WHERE kind = '{SOURCE}')"
_GONE_CLIPS = f"(SELECT subject FROM takedowns WHERE kind = '{CLIP}')"
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
    Check(f"SELECT key FROM clips WHERE key IN {_GONE_CLIPS}", "clip {0} was taken down, and is there"),
    Check(
        f"SELECT source_id FROM {_NAMES} WHERE sha256(name) IN (SELECT subject FROM takedowns WHERE kind = '{NAME}')",
        "source {0} has a name that was taken down",
    ),
    Check(
        "SELECT subject_id, value_text FROM decisions WHERE subject_kind = 'clip' AND NOT kept AND "
        f"(split_part(value_text, '-w', 1) IN {_GONE} OR value_text IN {_GONE_CLIPS})",
        "the decision of clip {0} names {1}, which was taken down",
    ),
    Check(
        "SELECT track_id FROM tracks WHERE len(face_embedding) > 0 AND track_id NOT IN (SELECT track_id FROM clips) "
        f"AND track_id IN (SELECT regexp_replace(subject, '-[0-9]+$', '') FROM {_GONE_CLIPS})",
        "track {0} has an embedding, but all of its clips were taken down",
    ),
    Check(
        "SELECT person_id, count(*) FROM clips WHERE person_id IN "
        f"(SELECT subject FROM takedowns WHERE kind = '{PERSON}') GROUP BY ALL",
        "{1} clips are of person {0}, who was taken down",
    ),
    Check(
        "SELECT kind, subject, count(*) FROM takedowns GROUP BY ALL HAVING count(*) > 1",
        "the takedown of {0} {1} has {2} rows",
    ),
)
"""Checks of the tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gone:
    """What was taken down, and when last."""

    sources: frozenset[str]  # ids of those that went as a whole
    keys: frozenset[str]  # of single clips
    last: int  # generation

    @property
    def touched(self) -> frozenset[str]:
        """Ids of all sources that takedowns were of."""
        return self.sources | {key.partition("-w")[0] for key in self.keys}


def takedown_problems(objects: StoredObjects, record: dict, manifests: Manifests) -> Iterator[str]:
    """What is left of takedowns outside the columns that SQL compares; none where nothing was taken down."""
    subjects = manifests.execute("SELECT kind, subject FROM takedowns").fetchall()
    if not subjects:
        return
    (last,) = only_row(manifests, "SELECT max(generation) FROM takedowns")
    sources, keys = (frozenset(one for of_kind, one in subjects if of_kind == kind) for kind in (SOURCE, CLIP))
    yield from _speaker_problems(manifests, {one for kind, one in subjects if kind == SPEAKER})
    gone = _Gone(sources=sources, keys=keys, last=last)
    listed = {item["path"] for item in [*record["shards"], *record["manifests"]]}
    current = {"run.json", record["run"]}
    for path in objects.paths():
        if path not in listed and path not in current:
            yield from _object_problems(objects, path, gone)


def _object_problems(objects: StoredObjects, path: str, gone: _Gone) -> Iterator[str]:
    for pattern, check in _CHECKS_OF_OBJECTS.items():
        if re.fullmatch(pattern, path):
            yield from check(objects, path, gone)
            return
    if names_any(path.rsplit("/", 1)[-1].encode(errors="surrogateescape"), gone.touched):
        yield f"{path} is called by a source that was taken down"


def _shard_problems(objects: StoredObjects, path: str, gone: _Gone) -> Iterator[str]:
    with objects.reading(path) as stream, suppress(tarfile.TarError), tarfile.open(fileobj=stream) as tar:
        if any(names_any(one.name.encode(), gone.sources) or one.name.split(".")[0] in gone.keys for one in tar):
            yield f"{path}, which dataset.json does not list, holds clips that were taken down"


def _part_problems(objects: StoredObjects, path: str, gone: _Gone) -> Iterator[str]:
    with objects.reading(path) as stream:
        if any(_is_of_any(row, gone) for row in _rows(stream)):
            yield f"{path}, which dataset.json does not list, has rows of what was taken down"


def _rows(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    """What the rows of a part say of sources and clips; none of what is no Parquet file."""
    with suppress(pa.ArrowException):
        names = [name for name in read_schema(stream).names if name in _OF_SOURCES]
        for batch in read_batches(stream, names):
            yield from batch.to_pylist()


def _is_of_any(row: dict[str, Any], gone: _Gone) -> bool:
    """Whether a row is one of what was taken down, but for the refusals that are stored."""
    is_refusal = row.get("rule") == TAKEN_DOWN or str(row.get("uris", "")).startswith(f"['{REFUSED_NAME}")
    return (row.get("source_id") in gone.sources and not is_refusal) or row.get("key") in gone.keys


def _result_problems(objects: StoredObjects, path: str, gone: _Gone) -> Iterator[str]:
    with suppress(zlib.error):
        if names_any(zlib.decompress(objects.read(path)), gone.sources):
            yield f"{path} is a result of a source that was taken down"


def _page_problems(objects: StoredObjects, path: str, gone: _Gone) -> Iterator[str]:
    text = objects.read(path).decode(errors="replace")
    named = sorted(one for one in gone.sources if f"{one}-w" in text)
    yield from (f"{path} names a clip or track of source {one}, which was taken down" for one in named)


def _run_problems(objects: StoredObjects, path: str, gone: _Gone) -> Iterator[str]:
    """Whether the record of a run before a takedown may still name what was taken."""
    if generation_of(path) >= gone.last:
        return
    try:
        content = json.loads(objects.read(path))
    except ValueError:
        content = None
    if not isinstance(content, dict) or {"command_line", "slowest"} & content.keys():
        yield f"{path} is the record of a run before the takedown in generation {gone.last}, and may name what went"


_CHECKS_OF_OBJECTS: dict[str, Callable[[StoredObjects, str, _Gone], Iterator[str]]] = {
    SHARD.pattern: _shard_problems,
    PART.pattern: _part_problems,
    rf"{re.escape(STAGING)}/work/v\d+/(?!hashes/)\w+/[0-9a-f]{{2}}/[0-9a-f]{{32}}\.result": _result_problems,
    r"report\.html|dataset_card\.md|croissant\.json": _page_problems,
    r"run(\.g\d+)?\.json": _run_problems,
}
"""Pattern of a path -> the check of such an object that dataset.json does not list."""


def _speaker_problems(manifests: Manifests, hashes: set[str]) -> Iterator[str]:
    if not hashes:
        return
    answer = manifests.execute("SELECT speaker FROM sources UNION SELECT speaker FROM clips ORDER BY speaker")
    while names := answer.fetchmany(_NAMES_AT_ONCE):
        for (name,) in names:
            if compared_name(name) and speaker_hash(name) in hashes:
                yield f"speaker {name!r} was taken down, and is there"

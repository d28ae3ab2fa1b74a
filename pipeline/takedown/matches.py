"""What a request names, found in a dataset's tables: sources, clips, speakers in any spelling, and people."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.errors import UsageError
from schemas.person_names import compared_name
from schemas.stored.manifests import Manifests, rows_of
from transforms.media.source_names import stored_name
from transforms.media.takedown_list import CLIP, NAME, PERSON, SOURCE, SPEAKER, name_hash, speaker_hash

_NAMES_AT_ONCE = 10_000
_COLUMNS = {SOURCE: "source_id", SPEAKER: "speaker", NAME: "unnest(uris)"}
_IDS = f"""
SELECT value, source_id AS id FROM (SELECT {{column}} AS value, source_id FROM sources)
WHERE source_id NOT IN (SELECT subject FROM takedowns WHERE kind = '{SOURCE}') AND value IN (SELECT unnest(?))
"""
_KEYS = "SELECT {column} AS value, key AS id FROM clips WHERE {column} IN (SELECT unnest(?))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Whom or what somebody asks to take down, and why."""

    kind: str  # source, clip, speaker, name or person
    values: tuple[str, ...]
    reason: str


def subject_of(kind: str, value: str) -> str:
    """What the list of takedowns holds of a value."""
    return {SPEAKER: speaker_hash, NAME: name_hash}.get(kind, str)(value)


def found_ids(manifests: Manifests, request: Request, root: str) -> dict[str, list[str]]:
    """Each value, as tables have it -> ids of sources, or for clips and people keys of clips; none: none any more.

    root: that names are relative to. UsageError: a speaker has no name.
    """
    kind, values = request.kind, list(request.values)
    if kind in (CLIP, PERSON):
        query = _KEYS.format(column="key" if kind == CLIP else "person_id")
        return _grouped(values, rows_of(manifests, query, [values]), values)
    if kind == NAME:
        values = [stored_name(one, root) if one.startswith("/") or "://" in one else one for one in values]
    query = _IDS.format(column=_COLUMNS[kind])
    if kind != SPEAKER:
        return _grouped(values, rows_of(manifests, query, [values]), values)
    rows = rows_of(manifests, query, [list(_spellings(manifests, {compared_name(one) for one in values}))])
    return _grouped(values, [row | {"value": compared_name(row["value"])} for row in rows], map(compared_name, values))


def _grouped(given: Sequence[str], rows: Iterable[dict[str, Any]], compared: Iterable[str]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for row in rows:
        ids.setdefault(row["value"], []).append(row["id"])
    return {one: ids.get(value, []) for one, value in zip(given, compared, strict=True)}


def _spellings(manifests: Manifests, compared: set[str]) -> Iterator[str]:
    """Every spelling in the dataset of some names."""
    if "" in compared:
        raise UsageError("--speaker: give a name; sources without a speaker are taken by --source or --uri")
    answer = manifests.execute("SELECT DISTINCT speaker FROM sources ORDER BY speaker")
    while rows := answer.fetchmany(_NAMES_AT_ONCE):
        yield from (name for (name,) in rows if compared_name(name) in compared)

"""What a takedown would take of a dataset: found by its tables, before anything is changed."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.plural import number_of
from pipeline.present import PresentDataset
from schemas.clock import FRAME_RATE
from schemas.errors import UsageError
from schemas.person_names import compared_name
from schemas.records import SEVERAL
from schemas.stored.manifests import Manifests, rows_of, stored_manifests
from schemas.tables import TakedownRow
from transforms.media.source_names import stored_name
from transforms.media.split_units import SOURCE as SOURCE_UNIT
from transforms.media.takedown_list import CLIP, NAME, SOURCE, SPEAKER, name_hash, speaker_hash
from transforms.takedowns.taken import ChangedSource, Taken

_TABLES = ("sources", "clips", "tracks", "failures", "takedowns")
_NAMES_AT_ONCE = 10_000
_TAKEN_SOURCES = """
SELECT source_id, content_sha256, uris, speaker, count(key) AS num_clips, coalesce(sum(num_frames), 0) AS num_frames
FROM sources LEFT JOIN (SELECT key, num_frames, source_id FROM clips) USING (source_id)
WHERE source_id IN (SELECT unnest(?)) GROUP BY ALL ORDER BY source_id
"""
_CHANGED_SOURCES = f"""
WITH left_over AS (SELECT key, clips.source_id, window_index, split, split_unit FROM clips JOIN tracks USING (track_id)
    WHERE key NOT IN (SELECT unnest($keys)))
SELECT source_id, count(key) AS num_clips, count(DISTINCT window_index) AS windows_done,
    CASE WHEN count(key) > 0 THEN 'clips' WHEN any_value(has_failed) THEN 'failed' ELSE 'decided' END AS status,
    CASE WHEN min(split) = max(split) THEN min(split) WHEN count(key) > 0 THEN '{SEVERAL}' END AS split,
    CASE WHEN min(split_unit) = max(split_unit) THEN min(split_unit) WHEN count(key) > 0
        THEN '{SOURCE_UNIT}' || source_id END AS split_unit
FROM (SELECT source_id, source_id IN (SELECT source_id FROM failures) AS has_failed FROM sources)
LEFT JOIN left_over USING (source_id)
WHERE source_id IN (SELECT source_id FROM clips WHERE key IN (SELECT unnest($keys))) GROUP BY ALL ORDER BY source_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Whom or what somebody asks to take down, and why."""

    kind: str  # source, clip, speaker or name
    values: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is taken, and the rows that say so from then on."""

    taken: Taken
    subjects: tuple[TakedownRow, ...]
    clip_sources: tuple[tuple[str, str], ...]  # key of each single clip, and its source
    num_names: int  # of the sources that go
    lines: tuple[str, ...]  # for who asks: what would go


def select(present: PresentDataset, request: Request) -> Selection | None:
    """What a request takes; None: all of it is taken down already. UsageError: there is nothing of that name."""
    with stored_manifests(present.output, _TABLES) as manifests:
        found = _found(manifests, request, present.run["root"])
        missing = [value for value, ids in found.items() if not ids]
        known = set(manifests.execute("SELECT kind, subject FROM takedowns").fetchall())
        strange = [one for one in missing if (request.kind, _subject(request.kind, one)) not in known]
        if strange:
            raise UsageError(
                f"{present.output} has no {request.kind} {strange[0]!r}: see the tables `sources` and `clips`"
            )
        ids = sorted({one for values in found.values() for one in values})
        if not ids:
            return None
        select_ids = _select_clips if request.kind == CLIP else _select_sources
        given = [one for one in found if one not in missing]
        return select_ids(manifests, request, given, ids, present.record["generation"] + 1)


def _found(manifests: Manifests, request: Request, root: str) -> dict[str, list[str]]:
    """Value that was given, as tables have it -> ids of sources, or keys of clips; none: there are none any more."""
    values = list(request.values)
    if request.kind == CLIP:
        query = "SELECT key AS value, key AS id FROM clips WHERE key IN (SELECT unnest(?))"
        return _grouped(values, rows_of(manifests, query, [values]), values)
    if request.kind == NAME:
        values = [stored_name(one, root) if "/" in one else one for one in values]
    columns = {SOURCE: "source_id", SPEAKER: "speaker", NAME: "unnest(uris)"}
    query = f"""
        SELECT value, source_id AS id FROM (SELECT {columns[request.kind]} AS value, source_id FROM sources)
        WHERE source_id NOT IN (SELECT subject FROM takedowns WHERE kind = '{SOURCE}')
    """
    if request.kind != SPEAKER:
        return _grouped(values, rows_of(manifests, f"{query} AND value IN (SELECT unnest(?))", [values]), values)
    spellings = list(_spellings(manifests, {compared_name(one) for one in values}))
    rows = rows_of(manifests, f"{query} AND value IN (SELECT unnest(?))", [spellings])
    return _grouped(values, [row | {"value": compared_name(row["value"])} for row in rows], map(compared_name, values))


def _grouped(given: Sequence[str], rows: Iterable[dict[str, Any]], compared: Iterable[str]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for row in rows:
        ids.setdefault(row["value"], []).append(row["id"])
    return {one: ids.get(value, []) for one, value in zip(given, compared, strict=True)}


def _spellings(manifests: Manifests, compared: set[str]) -> Iterator[str]:
    """Every spelling in the dataset of some names. UsageError: a name is empty."""
    if "" in compared:
        raise UsageError("--speaker: give a name; sources without a speaker are taken by --source or --uri")
    answer = manifests.execute("SELECT DISTINCT speaker FROM sources ORDER BY speaker")
    while rows := answer.fetchmany(_NAMES_AT_ONCE):
        yield from (name for (name,) in rows if compared_name(name) in compared)


def _subject(kind: str, value: str) -> str:
    return {SPEAKER: speaker_hash, NAME: name_hash}.get(kind, str)(value)


def _select_sources(
    manifests: Manifests, request: Request, given: list[str], ids: list[str], generation: int
) -> Selection:
    rows = rows_of(manifests, _TAKEN_SOURCES, [ids])
    shards = manifests.execute(
        "SELECT DISTINCT shard FROM clips WHERE source_id IN (SELECT unnest(?))", [ids]
    ).fetchall()
    subjects = [
        _row(request, generation, SOURCE, row["source_id"], row["content_sha256"], row["num_clips"], row["num_frames"])
        for row in rows
    ]
    if request.kind in (SPEAKER, NAME):
        subjects += [_row(request, generation, request.kind, _subject(request.kind, one)) for one in given]
    return Selection(
        taken=Taken(sources=frozenset(ids), shards=frozenset(shard for (shard,) in shards)),
        subjects=tuple({(row.kind, row.subject): row for row in subjects}.values()),
        clip_sources=(),
        num_names=sum(len(row["uris"]) for row in rows),
        lines=tuple(f"source {row['source_id']}  {row['uris'][0]}  {_amount(row)}" for row in rows),
    )


def _select_clips(
    manifests: Manifests, request: Request, given: list[str], keys: list[str], generation: int
) -> Selection:
    rows = rows_of(
        manifests,
        "SELECT key, source_id, shard, source_uri, num_frames, 1 AS num_clips FROM clips WHERE key IN "
        "(SELECT unnest(?)) ORDER BY key",
        [given],
    )
    changed = rows_of(manifests, _CHANGED_SOURCES, {"keys": keys})  # type: ignore[arg-type]  # named values
    return Selection(
        taken=Taken(
            clips=frozenset(keys),
            shards=frozenset(row["shard"] for row in rows),
            changed=tuple(ChangedSource(**row) for row in changed),
        ),
        subjects=tuple(_row(request, generation, CLIP, row["key"], "", 1, row["num_frames"]) for row in rows),
        clip_sources=tuple((row["key"], row["source_id"]) for row in rows),
        num_names=0,
        lines=tuple(f"clip {row['key']}  {row['source_uri']}  {_amount(row)}" for row in rows),
    )


def _row(
    request: Request,
    generation: int,
    kind: str,
    subject: str,
    content_sha256: str = "",
    num_clips: int = 0,
    num_frames: int = 0,
) -> TakedownRow:
    return TakedownRow(
        kind=kind,
        subject=subject,
        content_sha256=content_sha256,
        num_clips=num_clips,
        clip_s=float(num_frames) / FRAME_RATE,
        reason=request.reason,
        taken_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        generation=generation,
    )


def _amount(row: dict[str, Any]) -> str:
    return f"{number_of(row['num_clips'], 'clip')}, {float(row['num_frames']) / FRAME_RATE:.2f} s"

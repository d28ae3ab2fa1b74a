"""What a takedown would take of a dataset: found by its tables, before anything is changed."""

import datetime
from dataclasses import dataclass
from typing import Any

from pipeline.plural import number_of
from pipeline.present import PresentDataset
from pipeline.takedown.matches import Request, found_ids, subject_of
from schemas.clock import FRAME_RATE
from schemas.errors import UsageError
from schemas.records import SEVERAL
from schemas.stored.manifests import Manifests, rows_of, stored_manifests
from schemas.tables import TakedownRow
from transforms.copies.rules import COPY_RULES
from transforms.media.takedown_list import CLIP, NAME, PERSON, SOURCE, SPEAKER
from transforms.takedowns.taken import ChangedSource, Taken

_TABLES = ("sources", "decisions", "clips", "tracks", "failures", "takedowns")
_ONLY_THESE = """
SELECT source_id FROM clips GROUP BY source_id HAVING bool_and(key IN (SELECT unnest(?))) ORDER BY source_id
"""
_OF_SOURCES = """
SELECT source_id, content_sha256, uris, count(key) AS num_clips, coalesce(sum(num_frames), 0) AS num_frames,
    coalesce(list(fingerprint ORDER BY key) FILTER (WHERE fingerprint <> ''), []) AS fingerprints
FROM sources LEFT JOIN (SELECT key, num_frames, source_id, fingerprint FROM clips) USING (source_id)
WHERE source_id IN (SELECT unnest(?)) GROUP BY ALL ORDER BY source_id
"""
_OF_CLIPS = """
SELECT key, source_id, source_uri, num_frames, 1 AS num_clips, list_filter([fingerprint], lambda one: one <> '')
    AS fingerprints FROM clips WHERE key IN (SELECT unnest(?)) ORDER BY key
"""
_ALL_KEYS = "SELECT key FROM clips WHERE source_id IN (SELECT unnest($sources)) OR key IN (SELECT unnest($keys))"
_COPIES = f"""
WITH copies AS (SELECT subject_id, source_id, value_text IN ({_ALL_KEYS}) AS of_taken FROM decisions
    WHERE subject_kind = 'clip' AND rule = '{COPY_RULES[0].name}' AND NOT kept)
SELECT subject_id, source_id, bool_and(of_taken) OVER (PARTITION BY source_id) AND source_id NOT IN
    (SELECT source_id FROM clips) AS is_whole
FROM copies QUALIFY of_taken ORDER BY subject_id
"""
_SHARDS = """
SELECT DISTINCT shard FROM clips WHERE source_id IN (SELECT unnest($sources)) OR key IN (SELECT unnest($keys))
"""
_BARE_TRACKS = """
SELECT track_id FROM clips GROUP BY track_id HAVING bool_and(key IN (SELECT unnest(?))) ORDER BY track_id
"""
_CHANGED_SOURCES = f"""
WITH left_over AS (SELECT key, clips.source_id, window_index, split, split_unit FROM clips JOIN tracks USING (track_id)
    WHERE key NOT IN (SELECT unnest($keys)))
SELECT source_id, count(key) AS num_clips, count(DISTINCT window_index) AS windows_done,
    CASE WHEN count(key) > 0 THEN 'clips' WHEN any_value(has_failed) THEN 'failed' ELSE 'decided' END AS status,
    CASE WHEN min(split) <> max(split) THEN '{SEVERAL}' ELSE min(split) END AS split,
    CASE WHEN min(split_unit) <> max(split_unit) THEN 'source:' || any_value(source_id)
    ELSE min(split_unit) END AS split_unit
FROM (SELECT source_id, source_id IN (SELECT source_id FROM failures) AS has_failed FROM sources)
LEFT JOIN left_over USING (source_id)
WHERE source_id IN (SELECT source_id FROM clips WHERE key IN (SELECT unnest($keys))) GROUP BY ALL ORDER BY source_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is taken, and the rows that say so from then on."""

    taken: Taken
    subjects: tuple[TakedownRow, ...]
    clip_sources: tuple[tuple[str, str], ...]  # key of each single clip, and its source
    num_names: int  # of the sources that go
    lines: tuple[str, ...]  # for who asks: what would go


def select(present: PresentDataset, request: Request) -> Selection | None:
    """What a request takes; None: all of it is taken down already. UsageError: there is nothing of that name.

    Of a person's sources, those that hold clips of no one else go as a whole; so do sources of which all clips were
    dropped as copies of what is taken.
    """
    with stored_manifests(present.output, _TABLES) as manifests:
        found = found_ids(manifests, request, present.run["root"])
        known = set(manifests.execute("SELECT kind, subject FROM takedowns").fetchall())
        missing = [value for value, ids in found.items() if not ids]
        strange = [one for one in missing if (request.kind, subject_of(request.kind, one)) not in known]
        if strange:
            raise UsageError(
                f"{present.output} has no {request.kind} {strange[0]!r}: see the tables `sources` and `clips`"
            )
        ids = sorted({one for values in found.values() for one in values})
        given = [one for one in found if one not in missing]
        return _selection(manifests, request, given, ids, present.record["generation"] + 1) if ids else None


def _selection(manifests: Manifests, request: Request, given: list[str], ids: list[str], generation: int) -> Selection:
    sources, keys = _parted(manifests, request.kind, ids)
    copies = rows_of(manifests, _COPIES, {"sources": sources, "keys": keys})
    sources = sorted({*sources, *(row["source_id"] for row in copies if row["is_whole"])})
    of_sources, of_clips = rows_of(manifests, _OF_SOURCES, [sources]), rows_of(manifests, _OF_CLIPS, [keys])
    shards = manifests.execute(_SHARDS, {"sources": sources, "keys": keys}).fetchall()
    bare_tracks = manifests.execute(_BARE_TRACKS, [keys]).fetchall()
    changed = rows_of(manifests, _CHANGED_SOURCES, {"keys": keys})
    subjects = [_row(request, generation, SOURCE, row["source_id"], row) for row in of_sources]
    subjects += [_row(request, generation, CLIP, row["key"], row) for row in of_clips]
    if request.kind in (SPEAKER, NAME, PERSON):
        subjects += [_row(request, generation, request.kind, subject_of(request.kind, one), {}) for one in given]
    return Selection(
        taken=Taken(
            sources=frozenset(sources),
            clips=frozenset(keys),
            copies=frozenset(row["subject_id"] for row in copies if row["source_id"] not in sources),
            bare_tracks=frozenset(track for (track,) in bare_tracks),
            shards=frozenset(shard for (shard,) in shards),
            changed=tuple(ChangedSource(**row) for row in changed),
        ),
        subjects=tuple({(row.kind, row.subject): row for row in subjects}.values()),
        clip_sources=tuple((row["key"], row["source_id"]) for row in of_clips),
        num_names=sum(len(row["uris"]) for row in of_sources),
        lines=(
            *(f"source {row['source_id']}  {row['uris'][0]}  {_amount(row)}" for row in of_sources),
            *(f"clip {row['key']}  {row['source_uri']}  {_amount(row)}" for row in of_clips),
        ),
    )


def _parted(manifests: Manifests, kind: str, ids: list[str]) -> tuple[list[str], list[str]]:
    """Ids of the sources that go as a whole, and keys of the clips of other sources."""
    if kind == CLIP:
        return [], ids
    if kind != PERSON:
        return ids, []
    whole = {source_id for (source_id,) in manifests.execute(_ONLY_THESE, [ids]).fetchall()}
    return sorted(whole), [row["key"] for row in rows_of(manifests, _OF_CLIPS, [ids]) if row["source_id"] not in whole]


def _row(request: Request, generation: int, kind: str, subject: str, facts: dict[str, Any]) -> TakedownRow:
    return TakedownRow(
        kind=kind,
        subject=subject,
        content_sha256=facts.get("content_sha256", ""),
        fingerprints=tuple(facts.get("fingerprints", ())),
        num_clips=facts.get("num_clips", 0),
        clip_s=float(facts.get("num_frames", 0)) / FRAME_RATE,
        reason=request.reason,
        taken_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        generation=generation,
    )


def _amount(row: dict[str, Any]) -> str:
    return f"{number_of(row['num_clips'], 'clip')}, {float(row['num_frames']) / FRAME_RATE:.2f} s"

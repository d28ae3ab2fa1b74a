"""Who is in a dataset: people as they were found across its sources, and where names and faces disagree."""

from dataclasses import dataclass
from typing import Any

from schemas.clock import FRAME_RATE
from schemas.stored.manifests import Manifests, columns_of, only_row, rows_of

_MAX_FACES = 8  # of a person
_MAX_LINES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person, with some of the clips that show them."""

    person_id: str
    num_clips: int
    num_sources: int
    clip_s: float
    min_confidence: float | None
    speakers: tuple[str, ...]  # as given
    splits: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """What the columns `person_id` and `person_confidence` of the clips say."""

    num_people: int
    num_clips: int  # with a person
    num_without: int  # clips
    num_in_two_splits: int  # people
    num_alone: int  # people of one source
    largest: tuple[Person, ...]
    sampled: tuple[Person, ...]
    several_people: tuple[dict[str, Any], ...]  # speakers whose clips show several people
    several_speakers: tuple[dict[str, Any], ...]  # people whose clips have several speakers


def people(manifests: Manifests, max_each: int) -> People | None:
    """People, at most `max_each` of most clips and as many sampled; None: the clips have no such column."""
    if "person_id" not in columns_of(manifests, "clips"):
        return None
    with_person, without = only_row(
        manifests, "SELECT count(*) FILTER (WHERE person_id <> ''), count(*) FILTER (WHERE person_id = '') FROM clips"
    )
    found, in_two, alone = only_row(
        manifests,
        """
        SELECT count(*), count(*) FILTER (WHERE splits > 1), count(*) FILTER (WHERE sources = 1)
        FROM (SELECT count(DISTINCT split) AS splits, count(DISTINCT source_id) AS sources
              FROM clips WHERE person_id <> '' GROUP BY person_id)
        """,
    )
    largest = _persons(manifests, "count(*) DESC, person_id", max_each)
    shown = [one.person_id for one in largest]
    return People(
        num_people=found,
        num_clips=with_person,
        num_without=without,
        num_in_two_splits=in_two,
        num_alone=alone,
        largest=largest,
        sampled=_persons(manifests, "md5(person_id), person_id", max_each, shown),
        several_people=_disagreements(manifests, "speaker", "person_id"),
        several_speakers=_disagreements(manifests, "person_id", "speaker"),
    )


def _persons(
    manifests: Manifests, order: str, max_people: int, left_out: list[str] | None = None
) -> tuple[Person, ...]:
    rows = rows_of(
        manifests,
        f"""
        WITH chosen AS MATERIALIZED (
            SELECT person_id, row_number() OVER (ORDER BY {order}) AS place FROM clips
            WHERE person_id <> '' AND NOT list_contains($1, person_id)
            GROUP BY person_id ORDER BY {order} LIMIT {int(max_people)})
        SELECT person_id, count(*) AS num_clips, count(DISTINCT source_id) AS num_sources,
               sum(num_frames) / {FRAME_RATE} AS clip_s, min(person_confidence) AS min_confidence,
               list_sort(list(DISTINCT speaker) FILTER (WHERE speaker <> ''))[1:{_MAX_LINES}] AS speakers,
               list_sort(list(DISTINCT split)) AS splits,
               min({{'md5': md5(key), 'key': key}}, {_MAX_FACES}) AS clips
        FROM clips JOIN chosen USING (person_id) GROUP BY person_id ORDER BY min(place)
        """,
        [left_out or []],
    )
    return tuple(
        Person(
            **{name: row[name] for name in ("person_id", "num_clips", "num_sources", "clip_s", "min_confidence")},
            speakers=tuple(row["speakers"] or ()),
            splits=tuple(row["splits"]),
            keys=tuple(clip["key"] for clip in row["clips"]),
        )
        for row in rows
    )


def _disagreements(manifests: Manifests, one: str, several: str) -> tuple[dict[str, Any], ...]:
    """Values of one column that go with several values of the other; those with most first."""
    rows = rows_of(
        manifests,
        f"""
        SELECT {one} AS name, count(DISTINCT {several}) AS number, count(*) AS num_clips,
               list_sort(list(DISTINCT {several}))[1:{_MAX_LINES}] AS others, count(*) OVER () AS num_lines
        FROM clips WHERE {one} <> '' AND {several} <> '' GROUP BY {one} HAVING number > 1
        ORDER BY number DESC, name LIMIT {_MAX_LINES}
        """,
    )
    return tuple(rows)

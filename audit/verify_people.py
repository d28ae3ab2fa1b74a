"""People and units, derived again: whose face is whose, and that no speaker, group or person is in two splits."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from audit.verify_recipe import Settings
from schemas.stored.manifests import Manifests, rows_of
from transforms.manifests.accounting import few_lines
from transforms.manifests.checks import Check
from transforms.media.split_units import PERSON, SOURCE, join_units
from transforms.people.config import DLIB, DLIB_NUMBERS, NONE
from transforms.people.find_people import MIN_TOGETHER_FRAMES
from transforms.people.split_units import SourcePerson

PEOPLE_CHECKS = (
    Check(
        "SELECT key, person_id FROM clips WHERE NOT regexp_full_match(person_id, '(p[0-9a-f]{16})?')",
        "clip {0}: its person_id {1!r} is none",
    ),
    Check(
        "SELECT key, person_id, person_confidence FROM clips WHERE (person_id = '') <> (person_confidence IS NULL) "
        "OR NOT person_confidence BETWEEN 0 AND 1",
        "clip {0} of person {1!r}: its person_confidence is {2}, not from 0 to 1",
    ),
    Check(
        "SELECT DISTINCT track_id, person_id, len(face_embedding) FROM clips JOIN tracks USING (track_id) "
        "WHERE (person_id = '') <> (len(face_embedding) = 0)",
        "track {0} of person {1!r} has {2} numbers in its face_embedding",
    ),
    Check(
        "SELECT track_id FROM tracks WHERE "
        "len(list_filter(face_embedding, lambda number: NOT coalesce(isfinite(number), false))) > 0",
        "track {0}: its face_embedding holds what is no number",
    ),
    Check(
        "WITH shown AS (SELECT DISTINCT tracks.source_id, person_id, track_id, tracks.start_frame AS first, end_frame "
        "FROM clips JOIN tracks USING (track_id) WHERE person_id <> '') SELECT one.track_id, other.track_id, person_id "
        "FROM shown AS one JOIN shown AS other USING (source_id, person_id) WHERE one.track_id < other.track_id AND "
        f"least(one.end_frame, other.end_frame) - greatest(one.first, other.first) >= {MIN_TOGETHER_FRAMES}",
        "tracks {0} and {1} are seen at once, but are of one person {2}",
    ),
)
"""Checks that need no recipe."""


def embedding_checks(settings: Settings) -> Iterator[Check]:
    """Checks of embeddings by the network of the recipe."""
    network = settings["people.network"]
    if network == NONE:
        yield Check(
            "SELECT key, person_id FROM clips WHERE person_id <> ''",
            "clip {0} is of person {1}, but the recipe looks for none",
        )
    size = {NONE: "0", DLIB: str(DLIB_NUMBERS)}.get(network, "(SELECT max(len(face_embedding)) FROM tracks)")
    yield Check(
        f"SELECT track_id, len(face_embedding), {size} FROM tracks WHERE len(face_embedding) NOT IN (0, {size})",
        "track {0}: its face_embedding has {1} numbers, not the {2} of the network",
    )
    if network != NONE:
        yield Check(
            "SELECT key FROM clips ANTI JOIN (SELECT source_id FROM failures WHERE stage = 'FindPeople') USING "
            "(source_id) WHERE person_id = ''",
            "clip {0} has no person_id, and no failure says why",
        )


def unit_problems(manifests: Manifests) -> Iterator[str]:
    """Units that do not follow from names and people, and names and people in more than one split."""
    clips = rows_of(manifests, f"SELECT {_NAMED}, person_id, source_id FROM clips GROUP BY ALL ORDER BY ALL")
    idle = rows_of(
        manifests,
        f"SELECT {_NAMED}, source_id FROM sources WHERE num_clips = 0 AND (speaker <> '' OR \"group\" <> '' OR "
        f"split_unit <> '{SOURCE}' || source_id) ORDER BY ALL",
    )
    shown = [(row, _person(row)) for row in clips]
    every = [*shown, *((row, _person(row)) for row in idle)]
    could_follow = _speakers_of_people(shown)
    joined = join_units([*(one.units for _, one in every), *could_follow])
    yield from few_lines(
        [
            f"{row.get('person_id') or 'source ' + row['source_id']} in source {row['source_id']}: its split_unit "
            f"{row['split_unit']!r} does not follow from speaker {row['speaker']!r}, group {row['group']!r} and person"
            for row, one in every
            if joined.get(row["split_unit"], -1) != joined[one.units[0]]
        ]
    )
    yield from few_lines(_torn(shown))


_NAMED = 'speaker, "group", split, split_unit'


def _person(row: Mapping[str, Any]) -> SourcePerson:
    return SourcePerson(
        source_id=row["source_id"], speaker=row["speaker"], group=row["group"], person_id=row.get("person_id", "")
    )


def _speakers_of_people(shown: list[tuple[dict[str, Any], SourcePerson]]) -> list[list[str]]:
    """Each person with the speakers whose clips show the person: clips without a speaker may follow any of them."""
    found = {(PERSON + one.person_id, one.speaker_unit) for _, one in shown if one.person_id and one.speaker_unit}
    return [list(pair) for pair in sorted(found)]


def _torn(shown: list[tuple[dict[str, Any], SourcePerson]]) -> list[str]:
    joined = join_units([one.units for _, one in shown])
    splits: dict[int, dict[str, str]] = defaultdict(dict)
    for row, one in shown:
        splits[joined[one.units[0]]].setdefault(row["split"], one.units[0])
    torn = [found.items() for found in splits.values() if len(found) > 1]
    return ["a unit is torn: " + ", ".join(f"{unit} is in {split}" for split, unit in found) for found in torn]

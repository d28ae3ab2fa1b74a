"""`build --retry_failures`: the sources of a dataset to do again, and the parts that hold their rows."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.present import PresentDataset
from schemas.errors import FINAL_KINDS, NothingToDo
from schemas.records import SPLITS, VideoSource
from schemas.stored.manifests import rows_of, stored_manifests
from schemas.stored.parquet import read_batches
from transforms.beam_support import storage
from transforms.beam_support.listings import listed_versions
from transforms.manifests.generation import Generation
from transforms.media.source_names import found_uri
from transforms.media.split_units import PERSON, SOURCE, split_of_unit
from transforms.recorded.known_sources import listed_name

_FAILED = """
SELECT source_id, uris, speaker, "group", split, split_unit, licence, consent, language, num_clips > 0 AS has_clips,
    size_bytes, source_id IN (SELECT source_id FROM decisions WHERE rule = 'is_media') AS content_decides
FROM sources WHERE source_id IN (SELECT source_id FROM failures WHERE kind NOT IN (SELECT unnest(?)))
ORDER BY source_id
"""
_OF_NO_SOURCE = ("shards", "takedowns")  # tables
_GIVEN = ("speaker", "group", "licence", "consent", "language", "content_decides")


def sources_to_retry(present: PresentDataset, root: str) -> tuple[tuple[VideoSource, ...], frozenset[str]]:
    """The names of the sources with failures that may pass, and the ids of these sources.

    root: the folder that their names are relative to. A source with clips that is not there any more, or of another
    size, is not done again. NothingToDo: there is none.
    """
    with stored_manifests(present.output) as manifests:
        failed = rows_of(manifests, _FAILED, [list(FINAL_KINDS)])
    names = [(row, name) for row in failed for name in row["uris"]]
    places = _places([name for _, name in names], root)
    gone = {
        row["source_id"]
        for (row, _), (uri, version) in zip(names, places, strict=True)
        if row["has_clips"] and not uri.startswith(("http:", "https:")) and not _is_of_size(version, row["size_bytes"])
    }
    sources = tuple(
        _source(row, uri, name)
        for (row, name), (uri, _) in zip(names, places, strict=True)
        if row["source_id"] not in gone
    )
    if not sources:
        raise NothingToDo(f"{present.output} has no failure that may pass if it is tried again: nothing was changed")
    return tuple(sorted(sources, key=lambda one: one.uri)), frozenset(row["source_id"] for row in failed) - gone


def retried_generation(present: PresentDataset, source_ids: frozenset[str], num_names: int) -> Generation:
    """The generation in which the rows of some sources take the place of those that the dataset has."""
    rewritten = tuple(
        part.path
        for part in present.parts
        if part.table not in _OF_NO_SOURCE and holds_any(present.output, part.path, "source_id", source_ids)
    )
    carried = tuple(part for part in present.parts if part.path not in rewritten)
    return present.next_generation(
        carried, present.num_inputs - num_names, rewrites=True, redone=source_ids, rewritten=rewritten
    )


def _places(names: list[str], root: str) -> list[tuple[str, str]]:
    """Uri and version of the file of each stored name; one that was told apart lies under the name it was listed by."""
    uris = [found_uri(name, root) for name in names]
    places = list(zip(uris, listed_versions(uris), strict=True))
    apart = {number: listed_name(names[number]) for number, (_, version) in enumerate(places) if not version}
    apart = {number: found_uri(name, root) for number, name in apart.items() if name != names[number]}
    places_apart = zip(apart.values(), listed_versions(list(apart.values())), strict=True)
    for number, place in zip(apart, places_apart, strict=True):
        places[number] = place
    return places


def _is_of_size(version: str, size_bytes: int) -> bool:
    return version.partition(" ")[0] == str(size_bytes)


def _source(row: dict, uri: str, name: str) -> VideoSource:
    is_own_unit = row["split_unit"].startswith((SOURCE, PERSON)) and row["split"] in SPLITS
    was_given = is_own_unit and row["split"] != split_of_unit(row["split_unit"])
    return VideoSource(
        uri=uri, name=name, split=row["split"] if was_given else "", **{field: row[field] for field in _GIVEN}
    )


def holds_any(output: str, path: str, column: str, values: Collection[str]) -> bool:
    """Whether a part has one of these values in a column."""
    wanted = pa.array(sorted(values), pa.string())
    with storage.reading(storage.join(output, path)) as stream:
        return any(pc.any(pc.is_in(batch.column(0), wanted)).as_py() for batch in read_batches(stream, [column]))

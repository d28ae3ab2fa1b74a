"""`build --retry_failures`: the sources of a dataset to do again, and the parts that hold their rows."""

import posixpath

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.present import PresentDataset
from schemas.errors import FINAL_KINDS, NothingToDo
from schemas.records import VideoSource
from schemas.stored.manifests import rows_of, stored_manifests
from schemas.stored.parquet import read_batches
from transforms.beam_support import storage
from transforms.beam_support.listings import listed_versions
from transforms.manifests.generation import Generation
from transforms.media.source_names import found_uri
from transforms.sources.split import split_of_unit

_FAILED = """
SELECT source_id, uris, speaker, "group", split, split_unit, licence, consent, language, num_clips > 0 AS has_clips,
    source_id IN (SELECT source_id FROM decisions WHERE rule = 'is_media') AS content_decides
FROM sources WHERE source_id IN (SELECT source_id FROM failures WHERE kind NOT IN (SELECT unnest(?)))
ORDER BY source_id
"""
_GIVEN = ("speaker", "group", "licence", "consent", "language", "content_decides")


def sources_to_retry(present: PresentDataset, root: str) -> tuple[tuple[VideoSource, ...], frozenset[str]]:
    """The names of the sources with failures that may pass, and the ids of these sources.

    root: the folder that their names are relative to. A source with clips that is not there any more is not done again.
    NothingToDo: there is none.
    """
    with stored_manifests(present.output) as manifests:
        failed = rows_of(manifests, _FAILED, [list(FINAL_KINDS)])
    names = [(row, found_uri(name, root), name) for row in failed for name in row["uris"]]
    versions = listed_versions([uri for _, uri, _ in names])
    gone = {
        row["source_id"]
        for (row, uri, _), version in zip(names, versions, strict=True)
        if not version and row["has_clips"] and not uri.startswith(("http:", "https:"))
    }
    sources = tuple(_source(row, uri, name) for row, uri, name in names if row["source_id"] not in gone)
    if not sources:
        raise NothingToDo(f"{present.output} has no failure that may pass if it is tried again: nothing was changed")
    return tuple(sorted(sources, key=lambda one: one.uri)), frozenset(row["source_id"] for row in failed) - gone


def retried_generation(present: PresentDataset, source_ids: frozenset[str], num_names: int) -> Generation:
    """The generation in which the rows of some sources take the place of those that the dataset has."""
    rewritten = tuple(part.path for part in present.parts if _holds_any(present.output, part.path, source_ids))
    carried = tuple(part for part in present.parts if part.path not in rewritten)
    return present.next_generation(
        carried, present.num_inputs - num_names, rewrites=True, redone=source_ids, rewritten=rewritten
    )


def _source(row: dict, uri: str, name: str) -> VideoSource:
    is_own_unit = row["split_unit"].startswith("source:")
    was_given = is_own_unit and row["split"] != split_of_unit(row["split_unit"])
    return VideoSource(
        uri=uri, name=name, split=row["split"] if was_given else "", **{field: row[field] for field in _GIVEN}
    )


def _holds_any(output: str, path: str, source_ids: frozenset[str]) -> bool:
    """Whether a part holds a row of one of these sources."""
    if posixpath.dirname(path) == "manifests/shards":
        return False
    wanted = pa.array(sorted(source_ids))
    with storage.reading(storage.join(output, path)) as stream:
        return any(pc.any(pc.is_in(batch.column(0), wanted)).as_py() for batch in read_batches(stream, ["source_id"]))

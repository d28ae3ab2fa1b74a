"""ReadNames: read the listing of the inputs, which the launcher writes before the graph runs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import apache_beam as beam

from schemas.codec import decode_record, encode_record
from schemas.errors import IntegrityError, UnreadableSource
from schemas.records import VideoSource
from transforms.beam_support import storage
from transforms.beam_support.deletions import delete_tree
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions

NAMES_PER_PART = 10_000
_FOLDER = "names"


@dataclass
class ReadNames(beam.PTransform):
    """Read all parts of the listing and spread the names."""

    staging: str
    num_names: int
    store: StoreOptions = DEFAULT_STORE

    def expand(self, root: beam.Pipeline) -> beam.PCollection[VideoSource]:
        """Build the stage."""
        return (
            root
            | "Parts" >> beam.Create(range(-(-self.num_names // NAMES_PER_PART))).with_output_types(int)
            | "SpreadParts" >> beam.Reshuffle()
            | "Read" >> beam.FlatMap(_Read(self.staging, self.store)).with_output_types(VideoSource)
            | "Spread" >> beam.Reshuffle()
        )


def write_names(staging: str, names: Iterable[VideoSource]) -> None:
    """Write the listing into the staging folder; not more than one part of it is held."""
    left, number = iter(names), 0
    while part := list(islice(left, NAMES_PER_PART)):
        storage.write_once(_part_uri(staging, number), encode_record(part))
        number += 1


def forget_names(staging: str) -> None:
    """Delete the listing, whose urls may hold what must not be stored."""
    delete_tree(storage.join(staging, _FOLDER))


class _Read:
    def __init__(self, staging: str, store: StoreOptions):
        self._staging, self._store = staging, store

    def __call__(self, number: int) -> Iterator[VideoSource]:
        self._store.use()
        try:
            data = storage.read_bytes(_part_uri(self._staging, number))
        except UnreadableSource as error:
            raise IntegrityError(f"the listing of the inputs is not in staging any more: {error}") from error
        yield from decode_record(data, list[VideoSource])


def _part_uri(staging: str, number: int) -> str:
    return storage.join(staging, _FOLDER, f"{number:05d}.msgpack")

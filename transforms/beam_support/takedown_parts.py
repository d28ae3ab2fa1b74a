"""Lists of takedowns as they are stored: parts of tables, which each worker reads once."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from schemas.stored.parquet import read_batches
from transforms.beam_support import storage
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.media.takedown_list import TakedownList, takedown_list

_COLUMNS = ["kind", "subject", "content_sha256"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakedownParts:
    """Where the lists lie that a run honours."""

    uris: tuple[str, ...] = ()  # of parts of the table `takedowns`
    store: StoreOptions = DEFAULT_STORE

    def load(self) -> TakedownList:
        """All of them as one list."""
        self.store.use()
        return _load(self.uris)


NO_TAKEDOWNS = TakedownParts()


@functools.lru_cache(maxsize=1)
def _load(uris: tuple[str, ...]) -> TakedownList:
    return takedown_list(subject for uri in uris for subject in _subjects(uri))


def _subjects(uri: str) -> Iterator[tuple[str, str, str]]:
    with storage.reading(uri) as stream:
        for batch in read_batches(stream, _COLUMNS):
            yield from zip(*(batch[name].to_pylist() for name in _COLUMNS), strict=True)

"""The step before a guarded one that takes elements out whose results an earlier run, or an earlier try, has stored."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import apache_beam as beam

from schemas.codec import decode_record
from transforms.beam_support.failure_rows import Place, renamed
from transforms.beam_support.outcome import Outcome, encoded
from transforms.beam_support.results import Memory
from transforms.beam_support.stores import StoreOptions


class FindResults(beam.DoFn):
    """Main output: elements without a stored result. Output "found": the outcomes of the others."""

    def __init__(self, memory: Memory, kinds: dict[str, type], place: Callable[[Any], Place], store: StoreOptions):
        """kinds: classes of the stage's records, by name."""
        self._memory, self._kinds, self._place, self._store = memory, kinds, place, store

    def setup(self) -> None:
        """See beam.DoFn."""
        self._store.use()

    def process(self, element: Any) -> Iterator[Any]:
        """See beam.DoFn."""
        key = self._memory.key(element)
        outcome = self._found(element, key)
        if outcome is None:
            yield element
        else:
            spent = self._memory.spent(element)
            yield beam.pvalue.TaggedOutput("found", replace(outcome, key=key, is_stored=True, spent_uri=spent))

    def _found(self, element: Any, key: str) -> Outcome | None:
        stored = self._memory.results.load(key)
        if stored is None:
            return None
        try:
            outcome = decode_record(stored, Outcome)
            records: list[Any] = [decode_record(record, self._kinds[name]) for name, record in outcome.results]
        except (ValueError, KeyError):  # damaged: it is made again
            return None
        if not self._memory.is_whole(key, tuple(records)):
            return None
        if outcome.failure is not None:
            return Outcome(failure=renamed(outcome.failure, self._place(element)))
        return Outcome(results=tuple(encoded(self._memory.adopted(record, element, key)) for record in records))

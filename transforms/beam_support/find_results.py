"""The outcomes of elements whose results an earlier run, or an earlier try, has stored."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from schemas.codec import decode_record
from transforms.beam_support.failure_rows import Place, renamed
from transforms.beam_support.outcome import Outcome, encoded
from transforms.beam_support.results import Memory


class FindResults:
    """Looks for the stored results of a stage."""

    def __init__(self, memory: Memory, kinds: dict[str, type], place: Callable[[Any], Place]):
        """kinds: classes of the stage's records, by name."""
        self._memory, self._kinds, self._place = memory, kinds, place

    def outcome_of(self, element: Any) -> Outcome | None:
        """The stored outcome of an element; None: it must be worked on."""
        key = self._memory.key(element)
        outcome = self._found(element, key)
        if outcome is None:
            return None
        return replace(outcome, key=key, is_stored=True, spent_uri=self._memory.spent(element))

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

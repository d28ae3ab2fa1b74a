"""What became of one element of a guarded step, as a value that travels between processes and is stored."""

from dataclasses import dataclass
from types import UnionType
from typing import Any, get_args, get_type_hints

import apache_beam as beam

from schemas.codec import encode_record
from schemas.tables import FailureRow
from transforms.beam_support.coders import use_record_coders


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Outcome of one element: results, or a failure, or an error that must stop the run; and the time it took."""

    results: tuple[tuple[str, bytes], ...] = ()  # (name of its class, the encoded record)
    failure: FailureRow | None = None
    stop: str = ""  # name of the class of an error that must stop the run
    stop_text: str = ""
    cpu_usec: int = 0
    wall_usec: int = 0
    setup_cpu_usec: int = 0  # of the work's `setup`, at the first element of a process
    source_id: str = ""  # what was worked on; "": a stored result was found
    source_uri: str = ""  # as tables have it
    window_index: int = -1
    key: str = ""  # of the result; "": nothing is stored
    is_stored: bool = False
    spent_uri: str = ""  # of a file that can go once the result is stored


use_record_coders(Outcome)


def result_kinds(work: beam.DoFn) -> dict[str, type]:
    """Name of each class of record that a DoFn says it makes -> the class. TypeError: it does not say."""
    (made,) = get_args(get_type_hints(work.process).get("return")) or (None,)
    kinds = get_args(made) if isinstance(made, UnionType) else (made,)
    if not all(isinstance(kind, type) for kind in kinds):
        raise TypeError(f"{type(work).__name__}.process must say which classes of records it makes")
    return {kind.__name__: kind for kind in kinds}


def encoded(record: Any) -> tuple[str, bytes]:
    """A record with the name of its class."""
    return type(record).__name__, encode_record(record)

"""Lists of takedowns of other datasets, which a build refuses too and takes over into its own list."""

from typing import Any

import apache_beam as beam
import pyarrow as pa

from pipeline.output import normalised_output
from pipeline.plan import BuildPlan
from schemas.arrow_tables import arrow_schema
from schemas.errors import UnreadableSource, UsageError
from schemas.stored.parquet import read_schema
from schemas.stored.record import dataset_record
from transforms.beam_support import storage
from transforms.takedowns.stage import TakeOver

_TABLE = "takedowns"
_CURE = "give a dataset, or a part of its table `takedowns`"


def honored_parts(lists: list[str]) -> tuple[str, ...]:
    """Uris of the parts of some lists: datasets, or parts themselves. UsageError: one is neither."""
    parts = [part for text in lists for part in _parts_of(normalised_output(text))]
    for part in parts:
        _require_list(part)
    return tuple(dict.fromkeys(parts))


def honored_rows(pipeline: beam.Pipeline, plan: BuildPlan) -> list[beam.PCollection[Any]]:
    """The rows of these lists that the dataset does not have."""
    if not plan.honored:
        return []
    return [pipeline | "TakeOver" >> TakeOver(plan.honored, plan.own_takedowns, plan.store)]


def _parts_of(uri: str) -> list[str]:
    if uri.endswith(".parquet"):
        return [uri]
    return [f"{uri}/{part['path']}" for part in dataset_record(uri)["manifests"] if part["table"] == _TABLE]


def _require_list(part: str) -> None:
    try:
        with storage.reading(part) as stream:
            found = read_schema(stream)
    except (UnreadableSource, pa.ArrowException) as error:
        raise UsageError(f"--honor {part} cannot be read ({error}): {_CURE}") from error
    if not found.equals(arrow_schema(_TABLE)):
        raise UsageError(f"--honor {part} is no list of this version: {_CURE}")

"""The dataset that an output holds: what it is made of, and what a run that adds to it may not change."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.config import Recipe
from pipeline.settings import setting_text
from schemas.errors import IntegrityError, UsageError
from schemas.generations import DATASET, run_record_name
from schemas.records import VideoSource
from schemas.schema_version import require_schema_version
from schemas.stored.confined import require_own_paths
from schemas.stored.parquet import read_parquet
from transforms.beam_support import storage
from transforms.beam_support.conditional import bytes_or_none
from transforms.manifests.generation import Generation
from transforms.manifests.parts import ManifestPart
from transforms.media.split_units import named_units
from transforms.sources.split import given_splits

_FREE_SETTINGS = ("limits.", "shards.")  # they decide what fails and how large a file is, not what a clip holds


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentDataset:
    """A dataset, as its dataset.json and the record of the run that made this generation say."""

    output: str
    record: dict[str, Any]
    sha256: str  # of dataset.json
    run: dict[str, Any]

    @property
    def parts(self) -> tuple[ManifestPart, ...]:
        """Every part of its tables."""
        return tuple(ManifestPart(**part) for part in self.record["manifests"])

    @property
    def recipe(self) -> Recipe:
        """The recipe that it was made by."""
        return Recipe.from_dict(self.run["recipe"])

    @property
    def num_inputs(self) -> int:
        """Names of all its sources."""
        return self.run["verdict"]["num_inputs"]

    def paths(self, table: str) -> tuple[str, ...]:
        """Paths of the parts of one table."""
        return tuple(part.path for part in self.parts if part.table == table)

    def next_generation(
        self,
        carried: tuple[ManifestPart, ...],
        num_inputs: int,
        rewrites: bool,
        redone: frozenset[str] = frozenset(),
        rewritten: tuple[str, ...] = (),
    ) -> Generation:
        """The generation after this one. num_inputs: names of the sources in `carried`."""
        number = self.record["generation"] + 1
        return Generation(
            number=number,
            parent_sha256=self.sha256,
            carried=carried,
            num_inputs=num_inputs,
            redone=redone,
            rewritten=rewritten,
            last_rewrite=number if rewrites else self.record["last_rewrite"],
        )

    def differences(self, recipe: Recipe, models: dict[str, dict[str, str]]) -> list[str]:
        """A line for each setting and model that is not the one that it was made with."""
        before = {line.name: line.default for line in self.recipe.settings()}
        lines = [
            f"{line.name} was {setting_text(before[line.name])} and is {setting_text(line.default)}"
            for line in recipe.settings()
            if line.default != before[line.name] and not line.name.startswith(_FREE_SETTINGS)
        ]
        hashes = [{name: facts["sha256"] for name, facts in used.items()} for used in (self.run["models"], models)]
        for name in sorted(hashes[0].keys() | hashes[1].keys()):
            was, now = (found.get(name) for found in hashes)
            if was != now:
                lines.append(f"model {name} was {_short(was)} and is {_short(now)}")
        return lines


def present_dataset(output: str) -> PresentDataset | None:
    """The dataset in an output; None where there is none. UsageError: of another schema version.

    IntegrityError: it is not JSON, names an object outside the output, or has lost its run record.
    """
    stored = bytes_or_none(storage.join(output, DATASET))
    if stored is None:
        return None
    record = _parsed(stored, DATASET, output)
    require_schema_version(record, output)
    require_own_paths(record, output)
    name = record.get("run", run_record_name(1))
    run = bytes_or_none(storage.join(output, name))
    if run is None:
        raise IntegrityError(f"{output} has lost {name}, the record of the run that made its dataset: copy it again")
    sha256 = hashlib.sha256(stored).hexdigest()
    return PresentDataset(output=output, record=record, sha256=sha256, run=_parsed(run, name, output))


def _parsed(stored: bytes, name: str, output: str) -> dict[str, Any]:
    try:
        return json.loads(stored)
    except ValueError as error:
        raise IntegrityError(f"{name} of {output} is not JSON ({error}): copy it again") from error


def require_dataset(output: str) -> PresentDataset:
    """The dataset in an output; UsageError where there is none."""
    present = present_dataset(output)
    if present is None:
        raise UsageError(f"{output} holds no {DATASET}: give the --output of a `talkshard build` that ended well")
    return present


def splits_on_record(present: PresentDataset, sources: Iterable[VideoSource]) -> dict[str, str]:
    """The split of each speaker and group of new sources: as the dataset has it, else as it is given.

    UsageError: a new source gives another split than the dataset has.
    """
    listed = list(sources)
    given = given_splits(listed)
    named = {unit: one for one in listed for unit in named_units(one.speaker, one.group)}
    given_by = {unit: one for one in listed if one.split for unit in named_units(one.speaker, one.group)}
    for unit, split in _recorded_units(present):
        if unit not in named:
            continue
        if unit in given_by and given[unit] != split:
            raise UsageError(
                f"{unit} is in {split} in {present.output}, but {given_by[unit].stored_name!r} is given "
                f"{given_by[unit].split}: give it "
                "the split that it has"
            )
        given[unit] = split
    return given


def _recorded_units(present: PresentDataset) -> Iterator[tuple[str, str]]:
    for path in present.paths("sources"):
        with storage.reading(storage.join(present.output, path)) as stream:
            table = read_parquet(stream, ["speaker", "group", "split"])
        for speaker, group, split in zip(*(column.to_pylist() for column in table.columns), strict=True):
            yield from ((unit, split) for unit in named_units(speaker, group))


def _short(sha256: str | None) -> str:
    return "none" if sha256 is None else sha256[:12] or "of unknown hash"

"""What no generation of a dataset needs any more: which of its objects these are, and how old they have to be."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.output import FIRST_RUN
from pipeline.present import PresentDataset
from schemas.generations import DATASET, RUN_RECORD, STAGING, UNFINISHED, generation_of, run_record_name
from schemas.object_names import is_data
from transforms.beam_support.listings import FileFacts, list_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Unneeded:
    """An object that may go."""

    path: str  # below the dataset
    size_bytes: int


def unneeded_objects(present: PresentDataset, written_before_s: float, is_being_built: bool) -> list[Unneeded]:
    """The objects that a dataset does not need, sorted by path; only such as builds write.

    Objects that the dataset named until not long ago stay, because a reader may be at them. Where a run is building,
    what only it may need stays as well. written_before_s: seconds since 1970.
    """
    listed = list_facts(present.output)
    found = {uri.removeprefix(present.output).lstrip("/"): facts for uri, facts in listed.items()}
    named = _named(present)
    old = {
        path for path, facts in found.items() if facts.modified_s is not None and facts.modified_s < written_before_s
    }
    rewritten_by = run_record_name(present.record["last_rewrite"])
    was_dropped_long_ago = (rewritten_by if rewritten_by in found else DATASET) in old
    paths = [
        path
        for path in sorted(old - named)
        if _may_go(path, present.record["generation"], was_dropped_long_ago, is_being_built)
    ]
    return list(_unneeded(paths, found))


def _may_go(path: str, generation: int, was_dropped_long_ago: bool, is_being_built: bool) -> bool:
    """Whether an old object that the dataset does not name is one that no reader and no run may need."""
    is_unfinished = bool(UNFINISHED.fullmatch(path.rsplit("/", 1)[-1]))
    if is_unfinished or path.startswith(f"{STAGING}/"):
        return not is_being_built
    if not (is_data(path) or RUN_RECORD.fullmatch(path)):
        return False
    return not is_being_built if generation_of(path) > generation else was_dropped_long_ago


def _named(present: PresentDataset) -> set[str]:
    objects = (*present.record["shards"], *present.record["manifests"])
    runs = (run_record_name(1), FIRST_RUN, present.record["run"])
    return {DATASET, *runs, *(one["path"] for one in objects)}


def _unneeded(paths: list[str], found: dict[str, FileFacts]) -> Iterator[Unneeded]:
    for path in paths:
        yield Unneeded(path=path, size_bytes=found[path].size_bytes)

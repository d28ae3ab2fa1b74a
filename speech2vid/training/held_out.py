"""Who is held out of a training, for validation: the val split, else a tenth of the people; never the test split."""

import hashlib
from dataclasses import dataclass

from schemas.errors import UsageError
from schemas.stored.clip_index import find_clips
from schemas.stored.record import dataset_record

_ONE_IN = 10  # people, by a hash of their names
_PERSON = "coalesce(nullif(speaker, ''), source_uri)"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Conditions on the clips table that part the people who are learnt from from those who are held out."""

    train_where: str | None  # of the train split
    split: str  # of the clips of validation
    where: str | None


def held_out(dataset: str, where: str | None, validate_where: str | None) -> HeldOut:
    """Part a dataset. where: condition on the clips to learn from; validate_where: on those of validation.

    UsageError: there is only one person, or see find_clips.
    """
    if any(shard["split"] == "val" for shard in dataset_record(dataset)["shards"]):
        find_clips(dataset, "val", validate_where)
        return HeldOut(train_where=where, split="val", where=validate_where)
    names = find_clips(dataset, "train", where).speaker_column.dictionary.to_pylist()
    hashes = sorted(hashlib.md5(name.encode()).hexdigest() for name in names)
    if len(hashes) < 2:
        raise UsageError(f"{dataset} has clips of one person to learn from: two are needed, one to be held out")
    is_held_out = f"md5({_PERSON}) <= '{hashes[max(1, len(hashes) // _ONE_IN) - 1]}'"
    validated = _all_of(where, is_held_out, validate_where)
    if validate_where:
        _require_held_out_clips(dataset, _all_of(where, validate_where), validated)
    return HeldOut(train_where=_all_of(where, f"NOT {is_held_out}"), split="train", where=validated)


def _require_held_out_clips(dataset: str, asked: str, validated: str) -> None:
    find_clips(dataset, "train", asked)
    try:
        find_clips(dataset, "train", validated)
    except UsageError as error:
        raise UsageError(
            "no clip that --validate_where asks for is of the people who are held out, a tenth of all by a hash of "
            "their names: leave it out, or build with a val split"
        ) from error


def _all_of(*conditions: str | None) -> str:
    # A condition may end in a comment, hence the line breaks.
    return " AND ".join(f"({condition}\n)" for condition in conditions if condition)

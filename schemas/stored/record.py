"""dataset.json, where readers of a dataset start, from a folder or any store that fsspec reads."""

import hashlib
import json

import fsspec

from schemas.errors import IntegrityError, UsageError
from schemas.generations import DATASET
from schemas.schema_version import require_schema_version
from schemas.stored.answers import answering
from schemas.stored.confined import require_own_paths


def dataset_record(dataset: str) -> dict:
    """What dataset.json says.

    UsageError: no dataset, or another schema version. IntegrityError: it is not JSON, or names an object outside.
    """
    content = _content(dataset)
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{DATASET} of {dataset} is not JSON ({error}): copy it again") from error
    if not isinstance(record, dict):
        raise IntegrityError(f"{DATASET} of {dataset} holds {type(record).__name__}, not an object: copy it again")
    require_schema_version(record, dataset)
    require_own_paths(record, dataset)
    return record


def dataset_sha256(dataset: str) -> str:
    """Hash of dataset.json, which holds the hashes of all shards. UsageError: no dataset."""
    return hashlib.sha256(_content(dataset)).hexdigest()


def _content(dataset: str) -> bytes:
    store, root = fsspec.url_to_fs(dataset)
    try:
        with answering(store, f"{DATASET} of {dataset}"):
            return store.cat_file(f"{root}/{DATASET}")
    except FileNotFoundError as error:
        raise UsageError(
            f"{dataset} holds no {DATASET}: give the --output of a `talkshard build` that ended well"
        ) from error

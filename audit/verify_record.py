"""dataset.json and the record of its run: what they must hold before anything that they name is read."""

import json
import re
from collections.abc import Iterator
from typing import Any

from audit.stored_objects import StoredObjects
from schemas.errors import UsageError
from schemas.generations import DATASET, generation_of, run_record_name
from schemas.object_names import PART, SHARD
from schemas.schema_version import require_schema_version
from schemas.tables import TABLES

_SHARD_FIELDS = {"path": str, "split": str, "num_clips": int, "size_bytes": int, "sha256": str}
_PART_FIELDS = {"path": str, "table": str, "num_rows": int, "size_bytes": int, "sha256": str}
_SHA256 = re.compile("[0-9a-f]{64}")
_RUN_FIELDS: dict[str, type] = {"recipe": dict, "models": dict, "verdict": dict, "funnel": list}


def record_problems(record: dict) -> list[str]:
    """What makes dataset.json unfit to be followed: lists, paths, numbers and hashes."""
    problems = list(_generation_problems(record))
    for name, fields, pattern in (("shards", _SHARD_FIELDS, SHARD), ("manifests", _PART_FIELDS, PART)):
        items = record.get(name)
        if not isinstance(items, list):
            problems.append(f"{DATASET} has no list of {name}")
            continue
        paths = set[str]()
        for item in items:
            found = list(_item_problems(item, fields, pattern))
            if not found and item["path"] in paths:
                found = [f"{item['path']} is listed twice in {DATASET}"]
            problems += found
            paths |= {item["path"]} if not found else set()
    return problems or list(_part_problems(record))


def _generation_problems(record: dict) -> Iterator[str]:
    generation: Any = record.get("generation")
    rewrite: Any = record.get("last_rewrite")
    if not _is(generation, int) or generation < 1:
        yield f"{DATASET} gives no generation from 1 on, but {generation!r}"
        return
    if not _is(rewrite, int) or not 1 <= rewrite <= generation:
        yield f"{DATASET} gives no last_rewrite from 1 to its generation {generation}, but {rewrite!r}"
    if record.get("run") != run_record_name(generation):
        yield f"{DATASET} of generation {generation} names the run {record.get('run')!r}"
    parent = record.get("parent_sha256")
    if (generation > 1) != (isinstance(parent, str) and bool(_SHA256.fullmatch(parent))):
        yield f"{DATASET} of generation {generation} gives parent_sha256 {parent!r}"


def _item_problems(item: Any, fields: dict[str, type], pattern: re.Pattern) -> Iterator[str]:
    """Faults of one entry of a shard or a part."""
    what = "shard" if "split" in fields else "part"
    if not isinstance(item, dict) or not isinstance(item.get("path"), str):
        yield f"{DATASET} lists a {what} without a path: {item!r}"
        return
    path = item["path"]
    for name, of_type in fields.items():
        value: Any = item.get(name)
        if not _is(value, of_type) or (of_type is int and value < 0):
            yield f"{DATASET} says of {path}: {name} is {value!r}, not {of_type.__name__}"
        elif name == "sha256" and not _SHA256.fullmatch(value):
            yield f"{DATASET} says of {path}: sha256 is {value!r}, not 64 hexadecimal digits"
    found = pattern.fullmatch(path)
    if not found:
        yield f"{path!r} in {DATASET} is no path of a {what} below the dataset, and is not followed"
    elif found[1] != item.get("split" if what == "shard" else "table"):
        yield f"{DATASET} lists {path} as of {item.get('split' if what == 'shard' else 'table')!r}"


def _part_problems(record: dict) -> Iterator[str]:
    tables = {part["table"] for part in record["manifests"]}
    yield from (f"{DATASET}: table {name} has no part" for name in TABLES if name not in tables)
    for item in [*record["shards"], *record["manifests"]]:
        if generation_of(item["path"]) > record["generation"]:
            yield f"{item['path']} is of a later generation than {DATASET}, {record['generation']}"


def read_run(objects: StoredObjects, record: dict) -> tuple[dict | None, list[str]]:
    """The record of the run that made a dataset, and what is wrong with it; None: it cannot be used."""
    name = record["run"]
    try:
        run = json.loads(objects.read(name))
    except FileNotFoundError:
        return None, [f"the dataset lacks {name}, the record of its run"]
    except OSError as error:
        return None, [f"{name} cannot be read: {error}"]
    except (ValueError, RecursionError) as error:
        return None, [f"{name} is not JSON: {error}"]
    if not isinstance(run, dict):
        return None, [f"{name} holds {type(run).__name__}, not an object"]
    try:
        require_schema_version(run, name)
    except UsageError as error:
        return None, [str(error)]
    problems = [
        f"{name} has no {field}" for field, of_type in _RUN_FIELDS.items() if not isinstance(run.get(field), of_type)
    ]
    return (None if problems else run), problems


def _is(value: object, of_type: type) -> bool:
    """Whether a JSON value is of a type; true and false are no numbers."""
    return isinstance(value, of_type) and not isinstance(value, bool)

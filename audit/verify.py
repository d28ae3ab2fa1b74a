"""Checks of a stored dataset: all that its records say is derived again from the bytes that are stored.

Nothing is taken on trust: what cannot be read safely is a fault of one line, and what depends on it is not read.
"""

import functools
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator

import duckdb

from audit.side_by_side import InOrder, side_by_side
from audit.stored_objects import StoredObjects
from audit.verify_decisions import decision_checks
from audit.verify_pages import page_problems
from audit.verify_people import PEOPLE_CHECKS, embedding_checks, unit_problems
from audit.verify_pseudonyms import pseudonym_checks, pseudonym_problems
from audit.verify_recipe import Settings, count_problems, licence_problems, model_checks, recipe_checks
from audit.verify_record import read_run, record_problems
from audit.verify_rows import ROW_CHECKS
from audit.verify_shards import rows_by_shard, shard_problems
from audit.verify_tables import part_problems, value_problems
from audit.verify_takedowns import TAKEDOWN_CHECKS, takedown_problems
from schemas.errors import IntegrityError, UsageError
from schemas.stored.manifests import Manifests, row_count_problems, stored_manifests
from schemas.stored.record import dataset_record
from transforms.manifests.accounting import check_problems, find_problems, licences
from transforms.manifests.checks import Check


def verify_dataset(output: str, quick: bool = False, processes: int = 1) -> list[str]:
    """One line for each fault; none when all is well. StorageError: the store does not answer.

    output: a folder or a URL. quick: only dataset.json, the hashes of all objects, and objects that are not listed.
    processes: read objects side by side; the lines are the same, in the same order.
    """
    with side_by_side(processes) as in_order:
        return [_one_line(line) for line in _problems(output, quick, in_order)]


def _problems(output: str, quick: bool, in_order: InOrder) -> Iterator[str]:
    try:
        record = dataset_record(output)
    except (UsageError, IntegrityError) as error:
        yield str(error)
        return
    if problems := record_problems(record):
        yield from problems
        return
    objects = StoredObjects(output)
    yield from objects.strays(record)
    damaged = list(_lines(in_order(objects.problems, [*record["shards"], *record["manifests"]])))
    if damaged or quick:
        yield from damaged  # rows and members of damaged objects would only say the same again
        return
    run, problems = read_run(objects, record)
    yield from problems
    unreadable = list(_lines(in_order(functools.partial(part_problems, objects), record["manifests"])))
    yield from unreadable
    if any("track " not in line[:6] and "is not sorted" not in line for line in unreadable):
        return  # without its columns a table cannot be asked
    with stored_manifests(output) as manifests:
        yield from _table_problems(record, run, manifests)
        if run is not None:
            yield from page_problems(output, objects, run, manifests)
        yield from takedown_problems(objects, record, manifests)
        yield from _lines(in_order(functools.partial(shard_problems, objects), rows_by_shard(manifests)))


def _lines(answers: Iterable[list[str]]) -> Iterator[str]:
    return itertools.chain.from_iterable(answers)


def _table_problems(record: dict, run: dict | None, manifests: Manifests) -> Iterator[str]:
    yield from _record_problems(record, manifests)
    yield from find_problems(manifests)
    yield from value_problems(manifests)
    yield from _asked(manifests, (*ROW_CHECKS, *PEOPLE_CHECKS, *TAKEDOWN_CHECKS))
    yield from unit_problems(manifests)
    if run is None:
        return
    settings = Settings(run)
    yield from count_problems(run, manifests)
    yield from licence_problems(run)
    yield from pseudonym_problems(run)
    yield from _asked(manifests, (*model_checks(run), *pseudonym_checks(run)))
    if problems := list(settings.problems()):
        yield from problems
        return
    yield from _asked(manifests, recipe_checks(settings))
    yield from _asked(manifests, embedding_checks(settings))
    yield from _asked(manifests, decision_checks(manifests, settings))


def _asked(manifests: Manifests, checks: Iterable[Check]) -> Iterator[str]:
    for check in checks:
        try:
            yield from check_problems(manifests, check)
        except duckdb.Error as error:
            yield f"a check of the tables failed ({check.message}): {str(error).splitlines()[0]}"


def _record_problems(record: dict, manifests: Manifests) -> Iterator[str]:
    """Differences between dataset.json and the tables it lists."""
    columns = ("path", "split", "num_clips", "size_bytes", "sha256")
    listed = sorted(tuple(item[name] for name in columns) for item in record["shards"])
    rows = manifests.execute("SELECT shard, split, num_clips, size_bytes, sha256 FROM shards ORDER BY ALL").fetchall()
    if listed != rows:
        yield "dataset.json lists other shards than the shards table"
    num_rows = Counter[str]()
    for part in record["manifests"]:
        num_rows[part["table"]] += part["num_rows"]
    yield from row_count_problems(manifests, num_rows)
    if record.get("licences") != licences(manifests):
        yield "dataset.json counts its licences otherwise than the clips table"


def _one_line(text: str) -> str:
    """The text without line breaks and control characters, which would reach a terminal otherwise."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)

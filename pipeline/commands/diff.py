"""`talkshard diff A B`: what came, went and changed between two datasets, and by what."""

import json
from collections.abc import Iterator
from typing import Any

from audit.compare_datasets import compare_datasets
from pipeline.commands.parser import CommandParser
from pipeline.commands.stored_run import require_run
from pipeline.output import normalised_output, read_run
from schemas.shown_text import shown_text

_DESCRIPTION = """Which sources and clips came (+), went (-) or changed (*) from dataset A to dataset B, by content and
key, and which settings, models and versions differ between the runs that made them."""
_SIGNS = {"came": "+", "went": "-", "changed": "*"}


def main(argv: list[str], program: str) -> int:
    """Print the differences; returns 0."""
    parser = CommandParser(program, _DESCRIPTION)
    parser.add_argument("first", metavar="A", help="folder or URL of a dataset")
    parser.add_argument("second", metavar="B", help="folder or URL of another")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="rows of each kind (default: %(default)s)")
    args = parser.parse(argv, {"limit": 0})
    first, second = normalised_output(args.first), normalised_output(args.second)
    for output in (first, second):
        require_run(output)
    found = compare_datasets(first, second, (read_run(first), read_run(second)), args.limit)
    print(json.dumps(found, indent=1) if args.json else "\n".join(map(shown_text, _lines(found))))
    return 0


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"from {found['first']} to {found['second']}"
    for name in ("settings", "models", "versions"):
        if not found[name]:
            yield f"{name}: the same"
        else:
            yield f"{name}:"
            yield from (f"  {one['name']}: {_shown(one['first'])} -> {_shown(one['second'])}" for one in found[name])
    for table in ("sources", "clips"):
        counts = ", ".join(f"{found[table][way]['count']} {way}" for way in _SIGNS)
        yield f"{table}: {counts}"
        yield from (f"  {name} changed in {number}" for name, number in found[table]["changed"]["columns"].items())
        for way, sign in _SIGNS.items():
            yield from (_row_line(sign, row) for row in found[table][way]["examples"])
            if more := found[table][way]["count"] - len(found[table][way]["examples"]):
                yield f"  {sign} ... and {more} more"
    for one in found["rules"]:
        counts = f"dropped {one['first_dropped']} -> {one['second_dropped']}, kept {one['first_kept']} -> "
        yield f"rule {one['rule']} of {one['stage']}, {one['subject_kind']}s: {counts}{one['second_kept']}"


def _row_line(sign: str, row: dict[str, Any]) -> str:
    columns = f": {', '.join(row['columns'])}" if "columns" in row else ""
    return f"  {sign} {row['id']}  {row['source']}{columns}"


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)

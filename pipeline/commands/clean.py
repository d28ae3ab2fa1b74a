"""`talkshard clean OUTPUT --older_than 7d`: remove what no generation of a dataset needs any more."""

import re
import time
from contextlib import nullcontext

from pipeline.clean import unneeded_objects
from pipeline.commands.parser import CommandParser
from pipeline.output import normalised_output
from pipeline.owner import has_living_owner, owning
from pipeline.plural import number_of
from pipeline.present import require_dataset
from schemas.errors import UsageError
from schemas.shown_text import shown_text
from transforms.beam_support.deletions import delete_files

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60}
_AGE = re.compile(r"(\d+(?:\.\d+)?)([dhm])")


def main(argv: list[str], program: str) -> int:
    """Remove objects, one line for each; returns the exit code."""
    parser = CommandParser(
        program,
        "Remove objects of earlier generations, and what killed runs left: only what builds wrote and dataset.json "
        "does not name. Readers that opened the dataset before its last change need these objects until they end, so "
        "choose an age that is longer than they run.",
    )
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL of a dataset")
    parser.add_argument(
        "--older_than",
        metavar="AGE",
        default="7d",
        help="like 7d (days), 12h or 30m (minutes): younger objects stay (default: 7d)",
    )
    parser.add_argument("--dry_run", action="store_true", help="only show what would be removed")
    args = parser.parse(argv)
    written_before_s = time.time() - _age_s(args.older_than)
    output = normalised_output(args.output)
    require_dataset(output)
    is_being_built = has_living_owner(output)
    with nullcontext() if is_being_built or args.dry_run else owning(output):
        found = unneeded_objects(require_dataset(output), written_before_s, is_being_built)
        if not args.dry_run:
            delete_files([f"{output}/{one.path}" for one in found])
    for one in found:
        print(shown_text(f"{one.path}  {one.size_bytes} bytes"))
    done = "would be removed" if args.dry_run else "removed"
    print(f"{number_of(len(found), 'object')}, {sum(one.size_bytes for one in found)} bytes {done}")
    return 0


def _age_s(text: str) -> float:
    """Seconds of an age; UsageError where it is none."""
    parsed = _AGE.fullmatch(text)
    if parsed is None:
        raise UsageError(f"--older_than must be a number with its unit, like 7d, 12h or 30m, not {text!r}")
    return float(parsed[1]) * _SECONDS[parsed[2]]

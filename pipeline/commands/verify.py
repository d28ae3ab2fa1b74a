"""`talkshard verify OUTPUT`: whether a dataset is what its dataset.json says."""

import json
import os
import sys

from audit.verify import verify_dataset
from pipeline.commands.parser import CommandParser
from pipeline.output import normalised_output
from schemas.errors import IntegrityError
from schemas.shown_text import shown_text


def main(argv: list[str], program: str) -> int:
    """Print what is wrong, one line each; returns the exit code."""
    parser = CommandParser(
        program,
        "Derive all that a dataset says again from its stored bytes: hashes, tables, tar files, every part of every "
        "clip, decisions and the recipe. Exit code 4: something is wrong, one line for each thing.",
    )
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL of a dataset")
    parser.add_argument("--quick", action="store_true", help="only dataset.json, hashes, and objects not listed in it")
    parser.add_argument(
        "--processes",
        type=int,
        metavar="N",
        default=len(os.sched_getaffinity(0)),
        help="processes that read objects side by side; the answer is the same (default: one for each core)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, for machines: output, quick, ok, faults")
    args = parser.parse(argv, minimums={"processes": 1})
    output = normalised_output(args.output)
    faults = verify_dataset(output, quick=args.quick, processes=args.processes)
    if args.json:
        answer = {"output": output, "quick": args.quick, "ok": not faults, "faults": faults}
        print(json.dumps(answer, sort_keys=True))
    elif faults:
        print("\n".join(map(shown_text, faults)), file=sys.stderr)
    else:
        print(f"{output}: everything is as dataset.json says")
    return IntegrityError.exit_code if faults else 0

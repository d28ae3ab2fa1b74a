"""`talkshard status OUTPUT`: how far a run is, or how it ended."""

import json

from pipeline.commands.parser import CommandParser
from pipeline.output import normalised_output
from pipeline.run_status import run_status, status_lines, status_record
from schemas.shown_text import shown_text


def main(argv: list[str], program: str) -> int:
    """Print the status of a run; returns the exit code."""
    parser = CommandParser(
        program,
        "Show how far a build is, wherever it runs: who builds, sources and windows done, seconds of video tracked per "
        "second, time left (H:MM:SS), CPU time (H:MM:SS) and slowest sources and windows (seconds) of each stage; or "
        "how it ended. Times of day are UTC.",
    )
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL that a build writes to, or wrote to")
    parser.add_argument("--json", action="store_true", help="one JSON object, for machines; times in seconds")
    args = parser.parse(argv)
    status = run_status(normalised_output(args.output))
    lines = [json.dumps(status_record(status), sort_keys=True)] if args.json else map(shown_text, status_lines(status))
    print("\n".join(lines))
    return 0

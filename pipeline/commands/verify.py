"""`talkshard verify OUTPUT`: whether a dataset is what its dataset.json says."""

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
        "Check hashes, rows and byte ranges of a dataset. Exit code 4: something is wrong, one line for each thing.",
    )
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL of a dataset")
    output = normalised_output(parser.parse(argv).output)
    problems = verify_dataset(output)
    if problems:
        print("\n".join(map(shown_text, problems)), file=sys.stderr)
        return IntegrityError.exit_code
    print(f"{output}: everything is as dataset.json says")
    return 0

"""`talkshard report OUTPUT`: write a dataset's report and card again, from its manifests."""

from pipeline.commands.parser import CommandParser
from pipeline.commands.stored_run import require_run
from pipeline.output import normalised_output, read_run
from pipeline.pages import PAGES, write_pages
from schemas.stored.manifests import stored_manifests
from schemas.tables import require_schema_version


def main(argv: list[str], program: str) -> int:
    """Write report.html and dataset_card.md; returns the exit code."""
    parser = CommandParser(program, "Write OUTPUT/report.html and OUTPUT/dataset_card.md again, from the manifests.")
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL of a dataset")
    output = normalised_output(parser.parse(argv).output)
    require_run(output)
    run = read_run(output)
    require_schema_version(run, output)
    with stored_manifests(output) as manifests:
        write_pages(output, run, manifests)
    print("\n".join(f"{output}/{name}" for name in PAGES))
    return 0

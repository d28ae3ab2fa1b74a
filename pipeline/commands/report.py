"""`talkshard report OUTPUT`: write a dataset's report and card again, from its manifests."""

from pipeline.commands.parser import CommandParser
from pipeline.commands.stored_run import require_run
from pipeline.output import normalised_output, read_run
from pipeline.pages import write_pages
from schemas.schema_version import require_schema_version
from schemas.stored.manifests import stored_manifests


def main(argv: list[str], program: str) -> int:
    """Write report.html, dataset_card.md and croissant.json; returns the exit code."""
    parser = CommandParser(
        program, "Write report.html, dataset_card.md and croissant.json of OUTPUT again, from the manifests."
    )
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL of a dataset")
    output = normalised_output(parser.parse(argv).output)
    require_run(output)
    run = read_run(output)
    require_schema_version(run, output)
    with stored_manifests(output) as manifests:
        names = write_pages(output, run, manifests)
    print("\n".join(f"{output}/{name}" for name in names))
    return 0

"""`talkshard report OUTPUT`: write a dataset's report and card again, from its manifests."""

from audit.dataset_card import dataset_card
from audit.report import report_page
from pipeline.commands.parser import CommandParser
from pipeline.commands.stored_run import require_run
from pipeline.output import normalised_output, read_run, write_page
from schemas.tables import require_schema_version


def main(argv: list[str], program: str) -> int:
    """Write report.html and dataset_card.md; returns the exit code."""
    parser = CommandParser(program, "Write OUTPUT/report.html and OUTPUT/dataset_card.md again, from the manifests.")
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL of a dataset")
    output = normalised_output(parser.parse(argv).output)
    require_run(output)
    run = read_run(output)
    require_schema_version(run, output)
    write_page(output, "report.html", report_page(output, run))
    write_page(output, "dataset_card.md", dataset_card(output, run))
    print(f"{output}/report.html\n{output}/dataset_card.md")
    return 0

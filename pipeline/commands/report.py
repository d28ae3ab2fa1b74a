"""`talkshard report OUTPUT`: write a dataset's report and card again, from its manifests."""

from audit.dataset_card import dataset_card
from audit.report import report_page
from pipeline.line_parser import LineParser
from pipeline.output import RUN, normalised_output, read_run, write_page
from schemas.errors import UsageError
from transforms.beam_support import storage


def main(argv: list[str], program: str) -> int:
    """Write report.html and dataset_card.md; returns the exit code."""
    options = LineParser(prog=program, description="Write OUTPUT/report.html and OUTPUT/dataset_card.md again.")
    options.add_argument("output", metavar="OUTPUT", help="folder or URL of a dataset")
    output = normalised_output(options.parse_args(argv).output)
    if not storage.exists(f"{output}/{RUN}"):
        raise UsageError(f"{output} has no {RUN}: no run wrote there")
    run = read_run(output)
    write_page(output, "report.html", report_page(output, run))
    write_page(output, "dataset_card.md", dataset_card(output, run))
    print(f"{output}/report.html\n{output}/dataset_card.md")
    return 0

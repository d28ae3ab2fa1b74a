"""The pages about a dataset, written from its manifests: the report and the card."""

from typing import Any

from audit.dataset_card import dataset_card
from audit.report import report_page
from pipeline.output import write_page
from schemas.stored.manifests import Manifests

PAGES = {"report.html": report_page, "dataset_card.md": dataset_card}
"""Name of a page -> what makes it."""


def write_pages(output: str, run: dict[str, Any], manifests: Manifests) -> None:
    """Write OUTPUT's pages. run: the content of run.json."""
    for name, make_page in PAGES.items():
        write_page(output, name, make_page(output, run, manifests))

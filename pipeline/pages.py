"""The pages about a dataset, written from its manifests: the report, the card, and its description for machines."""

from typing import Any

from audit.croissant import croissant
from audit.dataset_card import dataset_card
from audit.report import report_page
from pipeline.output import write_page
from schemas.generations import DATASET
from schemas.stored.manifests import Manifests
from schemas.stored.tables import has_object

PAGES = {"report.html": report_page, "dataset_card.md": dataset_card, "croissant.json": croissant}
"""Name of a page -> what makes it."""
_OF_DATASETS = ("croissant.json",)  # lists what dataset.json lists


def write_pages(output: str, run: dict[str, Any], manifests: Manifests) -> list[str]:
    """Write OUTPUT's pages; returns their names. run: the content of run.json. A run without clips has no croissant."""
    left_out = () if has_object(output, DATASET) else _OF_DATASETS
    names = [name for name in PAGES if name not in left_out]
    for name in names:
        write_page(output, name, PAGES[name](output, run, manifests))
    return names

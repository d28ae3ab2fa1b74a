"""Generations of a dataset: no object is ever overwritten, so a new generation's objects have names of their own.

`dataset.json` is the one object that changes. It names every object of its generation, which may be of earlier ones.
"""

import re

DATASET = "dataset.json"
STAGING = ".staging"
RUN_STAGING = f"{STAGING}/run"  # what only the present run needs, like marks of its progress
OWNER = ".talkshard-owner.json"  # who builds there
PAGES = ("report.html", "dataset_card.md", "croissant.json")
RUN_RECORD = re.compile(r"run(\.g\d+)?\.json")
UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.tmp")  # what a kill leaves of a file; `talkshard clean` removes it
_MARK = re.compile(r"\.g(\d+)\.[a-z]+$")


def generation_mark(generation: int) -> str:
    """What stands before the suffix of the names of a generation's objects; the first has no mark."""
    return f".g{generation}" if generation > 1 else ""


def generation_of(name: str) -> int:
    """The generation that an object was written in, by its name."""
    marked = _MARK.search(name)
    return int(marked[1]) if marked else 1


def run_record_name(generation: int) -> str:
    """Name of the record of the run that wrote a generation."""
    return f"run{generation_mark(generation)}.json"

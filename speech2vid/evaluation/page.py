"""The report page: the table of measures and example clips, in one file without scripts."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import jinja2

from speech2vid.evaluation.examples import STRIP_ROWS, Example
from speech2vid.evaluation.measures import Measure


def evaluation_page(record: dict[str, object], measures: Sequence[Measure], examples: Sequence[Example]) -> str:
    """Render the page; record: the content of evaluation.json."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number_text, interval=interval_text)
    groups = [list(rows) for _, rows in groupby(measures, key=lambda measure: measure.name)]
    return environment.get_template("page.html.jinja").render(
        record=record, groups=groups, examples=examples, strip_rows=STRIP_ROWS
    )


def number_text(value: float | None) -> str:
    """Two decimals, none from 100 on; a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def interval_text(measure: Measure) -> str:
    """Both bounds; empty without an interval."""
    return "" if measure.low is None else f"{number_text(measure.low)} … {number_text(measure.high)}"

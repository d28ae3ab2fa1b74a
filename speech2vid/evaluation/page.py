"""The report page: a table of measures by condition, and example clips, in one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from schemas.html.page import page_head, template_environment
from speech2vid.evaluation.canonical_size import CANONICAL_PX
from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.conditions import GENERATED, MEAN_FACE, MIN_WRONG_AUDIO, OTHER_CLIP, OWN_MEAN, REAL
from speech2vid.evaluation.examples import Example
from speech2vid.evaluation.measures import CHANCE, Measure

_HERE = Path(__file__).parent
_ONLY_IN_FULL = (MEAN_FACE, OWN_MEAN, OTHER_CLIP)  # conditions without a column of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRow:
    """One measure in all conditions."""

    name: str
    unit: str
    better: str
    cells: dict[str, Measure]  # by condition


def evaluation_page(
    record: dict[str, object],
    measures: Sequence[Measure],
    scores: Sequence[ClipScore],
    examples: Sequence[Example],
    videos: str,
) -> str:
    """Render the page; record: the content of evaluation.json; videos: folder beside the page."""
    environment = template_environment(_HERE)
    environment.filters.update(number=number_text, interval=interval_text)
    return environment.get_template("evaluation.html.jinja").render(
        head=page_head(_HERE / "evaluation.css", "media-src 'self' file:"),
        record=record,
        columns=column_conditions(measures),
        rows=measure_rows(measures),
        of_clips=[score for score in scores if score.condition == REAL],
        examples=examples,
        videos=videos,
        generated=GENERATED,
        real=REAL,
        canonical_px=CANONICAL_PX,
        min_wrong_audio=MIN_WRONG_AUDIO,
    )


def column_conditions(measures: Sequence[Measure]) -> list[str]:
    """Conditions of the measures that have a column of their own, in the order of the tables."""
    found = dict.fromkeys(measure.condition for measure in measures)
    return [name for name in found if name not in (*_ONLY_IN_FULL, CHANCE)] + ([CHANCE] if CHANCE in found else [])


def measure_rows(measures: Sequence[Measure]) -> list[MeasureRow]:
    """Measures of one name together, in their order."""
    return [
        MeasureRow(name=name, unit=found[0].unit, better=found[0].better, cells={one.condition: one for one in found})
        for name, group in groupby(measures, key=lambda measure: measure.name)
        if (found := list(group))
    ]


def number_text(value: float | None) -> str:
    """Two decimals, none from 100 on; a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def interval_text(measure: Measure) -> str:
    """Both bounds; empty without an interval."""
    return "" if measure.low is None else f"{number_text(measure.low)} … {number_text(measure.high)}"

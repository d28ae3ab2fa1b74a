"""The report page: table, plots and worst cases, in one file without scripts."""

from collections.abc import Sequence
from pathlib import Path

import jinja2

from benchmarks.active_speaker.charts import charts
from benchmarks.active_speaker.cost import COST_TARGET_MS
from benchmarks.active_speaker.measures import Measure
from benchmarks.active_speaker.outcomes import Outcome
from benchmarks.active_speaker.score_table import interval_text, number_text
from benchmarks.active_speaker.segments import Face
from benchmarks.active_speaker.worst_cases import worst_cases


def score_page(
    scores: dict[str, object],
    measures: Sequence[Measure],
    outcomes: Sequence[Outcome],
    faces: Sequence[Face],
    costs: dict[str, object],
) -> str:
    """HTML of the scores."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number_text, interval=interval_text)
    shown = [measure for measure in measures if measure.num_cases]
    return environment.get_template("report.html.jinja").render(
        scores=scores,
        costs=costs,
        cost_target=COST_TARGET_MS,
        targets=[measure for measure in shown if measure.target],
        groups={group: [measure for measure in shown if measure.group == group] for group in scores["groups"]},
        recordings=[case for case in outcomes if case.group == "recordings"],
        charts=charts(outcomes),
        worst=worst_cases(outcomes, faces),
    )

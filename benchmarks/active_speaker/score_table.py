"""The scores as a table on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.active_speaker.cost import COST_TARGET_MS
from benchmarks.active_speaker.measures import Measure


def print_scores(scores: dict[str, object], measures: Sequence[Measure], costs: dict[str, object]) -> None:
    """Print one table, then the clips that were left out, and the cost."""
    console = Console(width=150)
    table = Table(title=f"{scores['judge']} on {scores['num_speakers']} people", title_justify="left", box=None)
    for heading in ("group", "measure", "setting"):
        table.add_column(heading)
    for heading in ("value", "95 %", "target", "goal", "cases", "people"):
        table.add_column(heading, justify="right")
    for measure in measures:
        if measure.num_cases:
            table.add_row(*row_of(measure))
    console.print(table)
    for line in scores["skipped"]:
        console.print(f"left out: {line}")
    console.print(
        f"cost without tracking: {number_text(costs['judge_ms_per_face_second'])} ms per second of a face "
        f"(target {COST_TARGET_MS.target:g}, goal {COST_TARGET_MS.goal:g})"
    )


def row_of(measure: Measure) -> tuple[str, ...]:
    """A line of the table."""
    target = measure.target
    sign = "" if target is None else "≥ " if target.at_least else "≤ "
    return (
        measure.group,
        measure.name,
        measure.setting,
        number_text(measure.value),
        interval_text(measure),
        f"{sign}{target.target:g}" if target else "",
        f"{sign}{target.goal:g}" if target else "",
        str(measure.num_cases),
        str(measure.num_speakers),
    )


def number_text(value: float | None) -> str:
    """Number with three decimals; a dash for None."""
    return "\N{EN DASH}" if value is None else f"{value:.3f}"


def interval_text(measure: Measure) -> str:
    """Both bounds of the interval; empty where there is none."""
    return "" if measure.low is None else f"{number_text(measure.low)} … {number_text(measure.high)}"

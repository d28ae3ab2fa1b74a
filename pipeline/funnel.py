"""What a run prints at its end: the funnel, and where the results are."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from audit.dataset_facts import totals
from audit.funnel import funnel
from pipeline.plural import number_of
from pipeline.progress import clock_text
from schemas.shown_text import shown_text
from schemas.stored.manifests import Manifests, only_row
from schemas.stored.tables import has_object

PLACES = (
    ("dataset.json", "every shard and manifest part with its hash: read it first"),
    ("shards", "WebDataset shards"),
    ("manifests", "Parquet tables"),
    ("report.html", "the report"),
    ("dataset_card.md", "the card"),
    ("croissant.json", "the same for machines: MLCommons' Croissant"),
    ("run.json", "recipe, versions and models of the run"),
)


def print_funnel(manifests: Manifests, console: Console | None = None) -> None:
    """Print the funnel as a table, from the manifests; nothing where no rule was asked."""
    table = Table(title="what each rule kept", title_justify="left")
    for heading in ("stage", "rule", "of"):
        table.add_column(heading)
    for heading in ("kept", "dropped"):
        table.add_column(heading, justify="right")
    stage = None
    steps = funnel(manifests)
    if not steps:
        return
    for step in steps:
        if stage not in (None, step.stage):
            table.add_section()
        table.add_row(
            "" if step.stage == stage else escape(shown_text(step.stage)),
            escape(shown_text(step.rule)),
            escape(shown_text(f"{step.subject_kind}s")),
            str(step.kept),
            f"[bold]{step.dropped}[/bold]" if step.dropped else "0",
        )
        stage = step.stage
    (console or Console()).print(table)


def print_places(output: str, run: dict[str, Any], manifests: Manifests, console: Console | None = None) -> None:
    """Print the counts in one line, then where the results are."""
    console = console or Console()
    console.print(_counts(manifests, run["wall_s"]), highlight=False, soft_wrap=True)
    for name, about in PLACES:
        if has_object(output, name):
            console.print(f"  {escape(shown_text(output))}/{name}  [dim]{about}[/dim]", highlight=False, soft_wrap=True)


def _counts(manifests: Manifests, wall_s: float) -> str:
    """What the dataset holds, with lengths and the time that this run took as H:MM:SS."""
    found = totals(manifests)
    (listed,) = only_row(manifests, "SELECT count(*) FROM sources")
    left_out = listed - found["sources"]
    others = f"; {number_of(left_out, 'file')} left out, not video" if left_out else ""
    return (
        f"{number_of(found['clips'], 'clip')} ({clock_text(found['clip_s'])}) from "
        f"{number_of(found['sources'], 'source')} ({clock_text(found['source_s'])}){others}; "
        f"{number_of(found['failures'], 'failure')}; the run took {clock_text(wall_s)}"
    )

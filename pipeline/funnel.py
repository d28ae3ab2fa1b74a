"""What a run prints at its end: the funnel, and where the results are."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from audit.funnel import funnel
from audit.report import totals
from schemas.stored.manifests import Manifests, only_row
from schemas.stored.tables import has_object

PLACES = (
    ("dataset.json", "every shard and manifest part with its hash: read it first"),
    ("shards", "WebDataset shards"),
    ("manifests", "Parquet tables"),
    ("report.html", "the report"),
    ("dataset_card.md", "the card"),
    ("run.json", "recipe, versions and models of the run"),
)


def print_funnel(manifests: Manifests, console: Console | None = None) -> None:
    """Print the funnel as a table, from the manifests."""
    table = Table(title="what each rule kept", title_justify="left")
    for heading in ("stage", "rule", "of"):
        table.add_column(heading)
    for heading in ("kept", "dropped"):
        table.add_column(heading, justify="right")
    stage = None
    for step in funnel(manifests):
        if stage not in (None, step.stage):
            table.add_section()
        table.add_row(
            "" if step.stage == stage else step.stage,
            step.rule,
            f"{step.subject_kind}s",
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
            console.print(f"  {escape(output)}/{name}  [dim]{about}[/dim]", highlight=False, soft_wrap=True)


def _counts(manifests: Manifests, wall_s: float) -> str:
    found = totals(manifests)
    (listed,) = only_row(manifests, "SELECT count(*) FROM sources")
    left_out = f", {listed - found['sources']} other files left out" if listed > found["sources"] else ""
    return (
        f"{found['clips']} clips, {found['clip_s'] / 60:.1f} min, from {found['sources']} sources, "
        f"{found['source_s'] / 60:.1f} min{left_out}; "
        f"{found['failures']} failure{'' if found['failures'] == 1 else 's'}; "
        f"{found['source_s'] / max(wall_s, 0.1):.2f} s of video per second"
    )

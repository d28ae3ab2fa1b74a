"""What a run prints at its end: the funnel, and where the results are."""

from typing import Any

from pyarrow import compute
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from audit.funnel import funnel
from audit.media_sources import media_sources
from schemas.clock import FRAME_RATE
from schemas.stored.tables import has_object, stored_table

PLACES = (
    ("dataset.json", "every shard and manifest part with its hash: read it first"),
    ("shards", "WebDataset shards"),
    ("manifests", "Parquet tables"),
    ("report.html", "the report"),
    ("dataset_card.md", "the card"),
    ("run.json", "recipe, versions and models of the run"),
)


def print_funnel(output: str, console: Console | None = None) -> None:
    """Print the funnel as a table, from the manifests."""
    table = Table(title="what each rule kept", title_justify="left")
    for heading in ("stage", "rule", "of"):
        table.add_column(heading)
    for heading in ("kept", "dropped"):
        table.add_column(heading, justify="right")
    stage = None
    for step in funnel(stored_table(output, "decisions")):
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


def print_places(output: str, run: dict[str, Any], console: Console | None = None) -> None:
    """Print the counts in one line, then where the results are."""
    console = console or Console()
    console.print(_counts(output, run["wall_s"]), highlight=False, soft_wrap=True)
    for name, about in PLACES:
        if has_object(output, name):
            console.print(f"  {escape(output)}/{name}  [dim]{about}[/dim]", highlight=False, soft_wrap=True)


def _counts(output: str, wall_s: float) -> str:
    clips, listed, failures = (stored_table(output, name) for name in ("clips", "sources", "failures"))
    sources = media_sources(listed, stored_table(output, "decisions", ["source_id", "rule", "kept"]))
    left_out = f", {len(listed) - len(sources)} other files left out" if len(listed) > len(sources) else ""
    clip_s = (compute.sum(clips["num_frames"]).as_py() or 0) / FRAME_RATE
    source_s = compute.sum(sources["duration_s"]).as_py() or 0.0
    return (
        f"{len(clips)} clips, {clip_s / 60:.1f} min, from {len(sources)} sources, {source_s / 60:.1f} min{left_out}; "
        f"{len(failures)} failure{'' if len(failures) == 1 else 's'}; "
        f"{source_s / max(wall_s, 0.1):.2f} s of video per second"
    )

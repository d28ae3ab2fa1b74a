"""The end of the graph at scale: CPU time and memory of commit, report, card and funnel over made tables.

    python -m benchmarks.graph_end --output DIR --sizes 10000:100000 1000000:10000000 100000:10000000:100000

A size is SOURCES:DECISIONS or SOURCES:DECISIONS:CLIPS. The tables are written to DIR/SIZE once and kept; each step runs
in a process of its own. Prints a Markdown table.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.graph_end.made_tables import Sizes, write_tables
from benchmarks.peak_memory import peak_mb

STEPS = ("imports", "commit", "report", "card", "funnel")


def main(argv: list[str] | None = None) -> int:
    """Write the tables and print what each step costs; or, in a child process, run one step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="a folder for the made tables")
    parser.add_argument("--sizes", nargs="+", default=["10000:100000"], metavar="SIZE")
    parser.add_argument("--steps", nargs="+", default=list(STEPS), choices=STEPS)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.step:
        print(json.dumps(cost_of(args.step, args.output)))
        return 0
    print("| sources | decisions | clips | step | CPU s | wall s | peak MB |\n|---:|---:|---:|---|---:|---:|---:|")
    for text in args.sizes:
        num_sources, num_decisions, *num_clips = (int(number) for number in text.split(":"))
        folder = args.output / text.replace(":", "-")
        sizes = Sizes(sources=num_sources, decisions=num_decisions, clips=next(iter(num_clips), 0))
        _write(folder, sizes)
        for step in args.steps:
            command = [sys.executable, "-m", "benchmarks.graph_end", "--output", str(folder), "--step", step]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            cost = json.loads(done.stdout.splitlines()[-1])
            numbers = f"{cost['cpu_s']:.1f} | {cost['wall_s']:.1f} | {cost['peak_mb']:.0f}"
            size = f"{num_sources:,} | {num_decisions:,} | {sizes.rows['clips']:,}"
            print(f"| {size} | {step} | {numbers} |", flush=True)
    return 0


def cost_of(step: str, folder: Path) -> dict[str, float]:
    """Run one step in this process: its CPU and wall seconds, and the process's peak of memory."""
    began = time.monotonic()
    {"imports": _import, "commit": _commit, "report": _report, "card": _card, "funnel": _funnel}[step](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": used.ru_utime + used.ru_stime, "wall_s": time.monotonic() - began, "peak_mb": peak_mb()}


def _write(folder: Path, sizes: Sizes) -> None:
    if (folder / "parts.json").exists():
        return
    parts = write_tables(folder, sizes)
    run = {"models": {}, "recipe": _recipe(), "packages": {"talkshard": "made"}, "pseudonyms": "", "wall_s": 1.0}
    (folder / "made.json").write_text(json.dumps({"num_inputs": sizes.sources, "run": run}))
    (folder / "parts.json").write_text(json.dumps([asdict(part) for part in parts]))


def _recipe() -> dict[str, object]:
    from pipeline.config import Recipe

    return Recipe().as_dict()


def _import(folder: Path) -> None:
    import transforms.manifests.stage  # noqa: F401


def _commit(folder: Path) -> None:
    import apache_beam as beam

    from transforms.manifests.parts import ManifestPart
    from transforms.manifests.stage import CommitDataset

    made = json.loads((folder / "made.json").read_text())
    parts = [ManifestPart(**part) for part in json.loads((folder / "parts.json").read_text())]
    (folder / "dataset.json").unlink(missing_ok=True)
    with beam.Pipeline("FnApiRunner") as pipeline:
        written = {
            "parts": pipeline | "Parts" >> beam.Create(parts).with_output_types(ManifestPart),
            "known": pipeline | "Known" >> beam.Create([]).with_output_types(int),
        }
        written | CommitDataset(str(folder), made["num_inputs"], 0, 0.5, made["run"])
    verdict = json.loads((folder / "run.json").read_text())["verdict"]
    if not verdict["ok"]:
        raise SystemExit(f"the made tables do not add up: {verdict['problems'][:3]}")


def _report(folder: Path) -> None:
    from audit.report import report_page
    from schemas.stored.manifests import stored_manifests

    with stored_manifests(str(folder)) as manifests:
        (folder / "report.html").write_text(report_page(str(folder), _stored_run(folder), manifests))


def _card(folder: Path) -> None:
    from audit.dataset_card import dataset_card
    from schemas.stored.manifests import stored_manifests

    with stored_manifests(str(folder)) as manifests:
        (folder / "dataset_card.md").write_text(dataset_card(str(folder), _stored_run(folder), manifests))


def _funnel(folder: Path) -> None:
    from rich.console import Console

    from pipeline.funnel import print_funnel, print_places
    from schemas.stored.manifests import stored_manifests

    console = Console(file=io.StringIO())
    with stored_manifests(str(folder)) as manifests:
        print_funnel(manifests, console)
        print_places(str(folder), _stored_run(folder), manifests, console)


def _stored_run(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text())


if __name__ == "__main__":
    raise SystemExit(main())

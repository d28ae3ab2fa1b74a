"""`talkshard evaluate --dataset OUT --output DIR`: evaluate a generator beside baselines and real video."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands.generate import add_generator_options, check_generator_options
from pipeline.commands.parser import CommandParser
from pipeline.plural import number_of
from schemas.shown_text import shown_text

if TYPE_CHECKING:
    from rich.table import Table

    from speech2vid.evaluation.measures import Measure
    from speech2vid.evaluation.results import EvaluationRecord

_DESCRIPTION = """Evaluate a generator on clips of a dataset, from five stills and from one, beside other generators,
baselines and real video: does the mouth open and close when it should, do two judges find the right audio, is it still
the same person, how near are the pixels, how sharp, how still. DIR gets evaluation.json, clips.parquet, report.html and
videos of the clips side by side."""
_CONSOLE_WIDTH = 160


def main(argv: list[str], program: str) -> int:
    """Evaluate, write and print; returns the exit code."""
    args = _parser(program).parse(argv, {"clips": 1, "candidates": 1, "seed": 0})
    check_generator_options(args)
    from speech2vid.evaluation.evaluate import EvaluationSettings, evaluate

    files = {name: Path(path) for name in ("motion", "checkpoint", "deblurring") if (path := getattr(args, name))}
    settings = EvaluationSettings(
        dataset=args.dataset,
        gain=args.gain,
        compare=tuple(args.compare),
        split=args.split,
        where=args.where,
        max_clips=args.clips,
        face_network=args.face_network,
        sync=args.sync,
        second_judge=args.second_judge,
        timings=Path(args.timings) if args.timings else None,
        max_candidates=args.candidates,
        seed=args.seed,
        **files,
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
    add(
        "--compare",
        nargs="+",
        default=[],
        metavar="FILE.onnx",
        help="other generators, each shown and scored beside this one on the same clips: painters, motion networks "
        "(with this painter), generators of pixels, or the word warp, for no painter",
    )
    _add_clip_options(parser)
    _add_judge_options(parser)
    add("--seed", type=int, default=0, help="seed of the bootstrap intervals (default: %(default)s)")
    return parser


def _add_clip_options(parser: CommandParser) -> None:
    add = parser.add_argument
    add("--split", choices=("train", "val", "test"), default="val", help="whose clips are used (default: %(default)s)")
    add("--where", metavar="CONDITION", help="DuckDB condition on the clips table, like \"speaker = 'anna'\"")
    add(
        "--clips",
        type=int,
        default=200,
        metavar="N",
        help="at most so many clips, the first in the order of the shards (default: %(default)s)",
    )
    add(
        "--timings",
        metavar="DIR",
        help="folder of GRID's .align files, named like the recordings: lips should meet where they have p, b or m",
    )


def _add_judge_options(parser: CommandParser) -> None:
    add = parser.add_argument
    add(
        "--face_network",
        default="dlib",
        metavar="NETWORK",
        help="network that compares identities: dlib, a recognition FILE.onnx, the "
        "folder of an InsightFace pack, or none (default: %(default)s)",
    )
    add(
        "--sync",
        default="default",
        metavar="NETWORK",
        help="sync network that searches for the right audio: default, FILE.onnx, syncnet:FILE, or none "
        "(default: %(default)s)",
    )
    add(
        "--second_judge",
        default="default",
        metavar="NETWORK",
        help="sync network that searches too, with other features: default (log-mel alone), FILE.onnx, or none "
        "(default: %(default)s)",
    )
    add(
        "--candidates",
        type=int,
        default=50,
        metavar="N",
        help="number of clips' audio, at most, among which the right one is searched (default: %(default)s)",
    )


def _show_progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{line:<40}", end="", file=sys.stderr, flush=True)


def _print(measures: "list[Measure]", record: "EvaluationRecord", output: str) -> None:
    from rich.console import Console

    from speech2vid.evaluation.conditions import MIN_WRONG_AUDIO

    console = Console(width=_CONSOLE_WIDTH)
    console.print(_table(measures, record))
    if record.num_wrong_audio < MIN_WRONG_AUDIO:
        console.print(f"only {record.num_wrong_audio} different wrong audios: that control proves little")
    for line in record.skipped_clips:
        console.print(shown_text(f"skipped: {line}"), markup=False)
    console.print(f"intervals, numbers of people, strips and videos: {output}/report.html", markup=False)


def _table(measures: "list[Measure]", record: "EvaluationRecord") -> "Table":
    """One line a measure, one column a condition; the page has the intervals."""
    from rich.markup import escape
    from rich.table import Table

    from speech2vid.evaluation.page import column_conditions, measure_rows, number_text

    people = "1 person" if record.num_speakers == 1 else f"{record.num_speakers} people"
    title = f"{record.generator} on {number_of(record.num_clips, 'clip')} of {people}"
    table = Table(title=escape(shown_text(title)), title_justify="left", box=None)
    table.add_column("measure", no_wrap=True)
    columns = column_conditions(measures)
    for condition in columns:
        table.add_column(condition, justify="right", overflow="fold")
    for row in measure_rows(measures):
        values = (number_text(row.cells[name].value) if name in row.cells else "" for name in columns)
        table.add_row(row.name, *values)
    return table

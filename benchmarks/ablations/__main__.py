"""Trains variants of the published graph with equal steps and batches, and compares them with the paper's claims.

    python -m benchmarks.ablations --dataset OUT --output DIR [--evaluate_on OUT2] [--steps 800] [--seeds 0 1]

The base is the published graph at --width and --image_px, with losses that see movement. Each variant has one thing
changed: 1 still instead of 5, no skips, transposed convolutions, MFCC instead of a speech encoder, the content
loss, deblurring applied afterwards (to the base's own generator). All are trained on the train split of OUT, and scored
on held-out speakers: --evaluate_split (val) of OUT2, or of OUT itself. DIR: ablations.json, ablations.md (printed, and
written after each job), and a folder of each variant and seed. The same command resumes: finished trainings and scores
are reused; more seeds or variants may be given later.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.environment import set_environment
from schemas.errors import TalkshardError, UsageError
from speech2vid.training.options import default_threads


def main(argv: list[str] | None = None) -> int:
    """Train, evaluate, write, print; returns the exit code."""
    args = _read_options(argv)
    set_environment()  # before anything numeric is imported
    try:
        print(run(args))
    except TalkshardError as error:
        print(f"benchmarks.ablations: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def run(
    args: argparse.Namespace, train: Callable[..., None] | None = None, evaluate: Callable[..., Any] | None = None
) -> str:
    """Markdown of all jobs. train, evaluate: replace the real work in tests."""
    from benchmarks.ablations.jobs import (
        evaluate_job,
        refuse_other_ablations,
        require_networks,
        train_in_process,
        train_job,
    )
    from benchmarks.ablations.variants import VARIANTS, plan

    if unknown := sorted({*args.only} - {*VARIANTS}):
        raise UsageError(f"--only {unknown[0]}: there are {', '.join(VARIANTS)}")
    settings = _settings(args)
    if evaluate is None:
        require_networks(settings)
    refuse_other_ablations(settings, args.output)
    jobs, found, page = plan(args.only or list(VARIANTS), args.seeds), {}, ""
    for number, job in enumerate(jobs, 1):
        print(f"{number} of {len(jobs)}: {job.variant.about}, seed {job.seed}", flush=True)
        train_job(job, settings, args.output, train or train_in_process)
        found[job] = (evaluate or evaluate_job)(job, settings, args.output)
        page = _write(settings.record(), found, args.output)
    return page


def _settings(args: argparse.Namespace) -> Any:
    """AblationSettings from the options."""
    from benchmarks.ablations.jobs import AblationSettings
    from benchmarks.ablations.variants import Budget, base_settings

    if args.steps < 1 or min(args.seeds) < 0:
        raise UsageError("--steps must be 1 or more, --seeds 0 or more")
    budget = Budget(**{field.name: getattr(args, field.name) for field in dataclasses.fields(Budget)})
    try:
        base_settings(budget)  # UsageError where there is no such network
    except ValueError as error:
        raise UsageError(str(error)) from None
    names = {field.name for field in dataclasses.fields(AblationSettings)} - {"budget"}
    return AblationSettings(budget=budget, **{name: getattr(args, name) for name in names})


def _write(settings: dict[str, object], found: dict, output: Path) -> str:
    """Write both files about the jobs so far; returns the Markdown."""
    from benchmarks.ablations.claims import spans, verdicts
    from benchmarks.ablations.table import ablations_markdown
    from speech2vid.training.publish import write_whole

    values: dict[str, dict[int, dict[str, float | None]]] = {}
    for job, results in found.items():
        values.setdefault(job.variant.name, {})[job.seed] = results["numbers"]
    compared, references = verdicts(values), next(iter(found.values()))["references"]
    page = ablations_markdown(settings, values, references, compared)
    whole = {
        "settings": settings,
        "variants": {
            name: {"seeds": by_seed, "mean, lowest, highest": spans(values, name)} for name, by_seed in values.items()
        },
        "samples_s": {job.folder: results["samples_s"] for job, results in found.items()},
        "references": references,
        "claims": [dataclasses.asdict(one) for one in compared],
    }
    for name, text in {"ablations.json": json.dumps(whole, indent=1) + "\n", "ablations.md": page}.items():
        write_whole(output / name, text.encode())
    return page


def _read_options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablations", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--dataset", required=True, metavar="OUT", help="output of talkshard build")
    add("--output", type=Path, required=True, metavar="DIR", help="folder to write to; new, or one to resume")
    add("--steps", type=int, default=800, help="of each training (default: %(default)s)")
    add("--width", type=float, default=0.25, help="of the published channels (default: %(default)s)")
    add("--image_px", type=int, default=64, help="side of a face; the paper's is 109 (default: %(default)s)")
    add("--learning_rate", type=float, default=2e-3, help="the highest (default: %(default)s)")
    add(
        "--seeds",
        type=int,
        nargs="+",
        default=[0, 1],
        metavar="SEED",
        help="each variant is trained with each seed; one seed gives no verdict (default: 0 1)",
    )
    add(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="of one_still, no_skips, transposed, mfcc, content_loss, deblurred; the base is always included "
        "(default: all)",
    )
    add("--where", metavar="CONDITION", help="train only on clips that meet this DuckDB condition on the clips table")
    add("--evaluate_on", metavar="OUT2", help="dataset to evaluate on (default: the same)")
    add("--evaluate_split", choices=("train", "val", "test"), default="val", help="(default: %(default)s)")
    add("--evaluate_where", metavar="CONDITION", help="evaluate only clips that meet this condition")
    add("--clips", type=int, default=200, metavar="N", help="clips to evaluate at most (default: %(default)s)")
    add("--threads", type=int, default=default_threads(), help="of a training step (default: all cores)")
    add("--face_network", default="dlib", metavar="NETWORK", help="see talkshard evaluate (default: %(default)s)")
    args = parser.parse_args(argv)
    args.evaluate_on = args.evaluate_on or args.dataset
    return args


if __name__ == "__main__":
    sys.exit(main())

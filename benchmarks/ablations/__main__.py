"""Trains variants of a small Speech2Vid at equal steps and batch, and holds them against the paper's claims.

    python -m benchmarks.ablations --dataset OUT --output DIR [--evaluate_on OUT2] [--steps 350] [--seeds 0 1]

Each variant is recipe `tiny` but for one thing: MFCC heard instead of a speech encoder, 1 still instead of 5, no skips,
transposed convolutions, the content loss, deblurring applied after (to the base's own training). All learn from the
train split of OUT, and are judged by `talkshard evaluate` on people whom they did not learn from: --evaluate_split
(val) of OUT2, or of OUT itself. Steps fewer than the recipe's 3500 shrink its preparation alike. A step takes about
half a second on two cores, and judging a minute or so: 350 steps and two seeds are some 50 minutes, 3500 steps eight
hours. DIR: ablations.json, ablations.md (printed, and written anew after each job), and a folder for each variant and
seed. The same command goes on where it was: what was trained or judged is not done again; more seeds or variants may be
given later.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from pipeline.environment import set_environment
from schemas.errors import TalkshardError, UsageError

_DEFAULT_STEPS = 350


def main(argv: list[str] | None = None) -> int:
    """Train, judge, write, print; returns the exit code."""
    args = _read_options(argv)
    set_environment()  # before anything numeric is imported
    try:
        print(run(args))
    except TalkshardError as error:
        print(f"benchmarks.ablations: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def run(args: argparse.Namespace, train=None, judge=None) -> str:
    """Markdown of all jobs. train, judge: what does the work, for tests."""
    from benchmarks.ablations.trained import Asked, judge_job, refuse_others, require_judges, train_apart, train_job
    from benchmarks.ablations.variants import VARIANTS, plan

    if unknown := sorted({*args.only} - {*VARIANTS}):
        raise UsageError(f"--only {unknown[0]}: there are {', '.join(VARIANTS)}")
    if args.steps < 1 or min(args.seeds) < 0:
        raise UsageError("--steps must be 1 or more, --seeds 0 or more")
    asked = Asked(**{field.name: getattr(args, field.name) for field in dataclasses.fields(Asked)})
    if judge is None:
        require_judges(asked)
    refuse_others(asked, args.output)
    jobs, found, page = plan(args.only or list(VARIANTS), args.seeds), {}, ""
    for number, job in enumerate(jobs, 1):
        print(f"{number} of {len(jobs)}: {job.variant.about}, seed {job.seed}", flush=True)
        train_job(job, asked, args.output, train or train_apart)
        found[job] = (judge or judge_job)(job, asked, args.output)
        page = _write(asked.record(), found, args.output)
    return page


def _write(asked: dict[str, object], found: dict, output: Path) -> str:
    """Both files of what was found so far; returns the Markdown."""
    from benchmarks.ablations.claims import spans, verdicts
    from benchmarks.ablations.table import ablations_markdown
    from speech2vid.training.run_folder import write_whole

    values = {}
    for job, of in found.items():
        values.setdefault(job.variant.name, {})[job.seed] = of["numbers"]
    judged, references = verdicts(values), next(iter(found.values()))["references"]
    page = ablations_markdown(asked, values, references, judged)
    whole = {
        "asked": asked,
        "variants": {name: {"seeds": of, "mean, lowest, highest": spans(values, name)} for name, of in values.items()},
        "samples_s": {job.folder: of["samples_s"] for job, of in found.items()},
        "references": references,
        "claims": [dataclasses.asdict(one) for one in judged],
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
    add("--output", type=Path, required=True, metavar="DIR", help="folder for what is made; new, or gone on with")
    add("--steps", type=int, default=_DEFAULT_STEPS, help="of each training (default: %(default)s)")
    add(
        "--seeds",
        type=int,
        nargs="+",
        default=[0, 1],
        metavar="SEED",
        help="each variant is trained with each: with one there is no verdict (default: 0 1)",
    )
    add(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="of mfcc, one_still, no_skips, transposed, content_loss, "
        "deblurred; the base is always among them (default: all)",
    )
    add("--where", metavar="CONDITION", help="learn only from clips that meet this DuckDB condition on the clips table")
    add("--evaluate_on", metavar="OUT2", help="dataset to judge on (default: the same)")
    add("--evaluate_split", choices=("train", "val", "test"), default="val", help="(default: %(default)s)")
    add("--evaluate_where", metavar="CONDITION", help="judge only clips that meet this condition")
    add("--clips", type=int, default=200, metavar="N", help="most clips to judge (default: %(default)s)")
    add("--face_network", default="dlib", metavar="NETWORK", help="see talkshard evaluate (default: %(default)s)")
    add("--sync", default="default", metavar="NETWORK", help="see talkshard evaluate (default: %(default)s)")
    args = parser.parse_args(argv)
    args.evaluate_on = args.evaluate_on or args.dataset
    return args


if __name__ == "__main__":
    sys.exit(main())

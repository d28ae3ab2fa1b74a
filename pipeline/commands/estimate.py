"""`talkshard estimate INPUT`: what a build of the input would take and give, from a sample that is built for real."""

import json
import math
import os
import tempfile
from pathlib import Path

from pipeline.commands.parser import CommandParser
from schemas.errors import UsageError
from schemas.shown_text import shown_text

DRAWN = 20  # sources, unless another number is asked for
_DESCRIPTION = """Estimate what a build of INPUT would take and give: hours of video, core-hours, wall time, GB of
shards and staging, clips, and what each rule drops, each with its 90 % interval. A sample of the sources, stratified by
container and length, is built for real on this machine, in its temporary folder."""
_EPILOG = "All other options are those of talkshard build, without --input and --output; they come after INPUT."


def main(argv: list[str], program: str) -> int:
    """Print the estimate; returns the exit code."""
    parser = _parser(program)
    args, others = parser.parse_known_args(argv)
    inputs = list(_before_options(others))
    if not inputs:
        parser.error("the following arguments are required: INPUT")
    _require_limits(args.sample, args.sample_s, args.price, args.cores)
    for option in ("--input", "--output", "--sources"):
        if any(word.split("=")[0] == option for word in others):
            raise UsageError(f"{option} is no option of {program}: give INPUT")
    from pipeline.beam_options import is_local_run
    from pipeline.estimate.findings import find, finding_lines, finding_record
    from pipeline.estimate.measure import measure
    from pipeline.estimate.sample import draw_sample
    from pipeline.options import parse_plan

    with tempfile.TemporaryDirectory(prefix="talkshard-estimate-") as folder:
        build = ["--input", *inputs, "--output", f"{folder}/all", *others[len(inputs) :]]
        plan = parse_plan(build, program)
        if not is_local_run(plan.beam_options):
            raise UsageError("the sample is built on this machine: leave out --runner")
        number = DRAWN if args.sample is None and args.sample_s is None else args.sample
        sample = draw_sample(plan.sources, number, args.sample_s)
        found = find(sample, measure(plan, sample, Path(folder)), args.cores, args.price)
    lines = [json.dumps(finding_record(found), sort_keys=True)] if args.json else map(shown_text, finding_lines(found))
    print("\n".join(lines))
    return 0


def _parser(program: str) -> CommandParser:
    parser = CommandParser(program, _DESCRIPTION, _EPILOG)
    parser.usage = f"{program} INPUT [INPUT ...] [options]"
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--sample", type=int, metavar="N", help=f"number of sources to build (default: {DRAWN})")
    size.add_argument(
        "--sample_s", type=float, metavar="S", help="instead: about as many seconds of video; local files only"
    )
    parser.add_argument(
        "--price", type=float, metavar="PRICE", help="price of a core-hour, in any currency: the cost is estimated too"
    )
    parser.add_argument(
        "--cores",
        type=int,
        metavar="N",
        default=len(os.sched_getaffinity(0)),
        help="cores that the build would run on (default: this machine's, %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, for machines")
    return parser


def _before_options(words: list[str]) -> list[str]:
    """The words before the first option."""
    first = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    return words[:first]


def _require_limits(sample: int | None, sample_s: float | None, price: float | None, cores: int) -> None:
    if sample is not None and sample < 2:
        raise UsageError(f"--sample must be 2 or more, not {sample}: one source does not show how unlike they are")
    for name, value in (("sample_s", sample_s), ("price", price)):
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise UsageError(f"--{name} must be above 0, not {value:g}")
    if cores < 1:
        raise UsageError(f"--cores must be 1 or more, not {cores}")

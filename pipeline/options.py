"""The command line of a build: from its arguments to a checked BuildPlan, before any work."""

import argparse
import dataclasses
import os

from pipeline.beam_options import beam_options, require_reachable, store_options
from pipeline.commands.parser import CommandParser
from pipeline.config import Recipe
from pipeline.fingerprint import inputs_fingerprint
from pipeline.finish import complete_killed_run
from pipeline.going_on import appended_to, require_no_differences, require_same_key
from pipeline.list_inputs import list_inputs, list_table, with_names
from pipeline.logs import log_format, set_log_format
from pipeline.output import (
    RUN_STAGING,
    WORK,
    normalised_output,
    require_free_output,
    require_inputs_outside,
    require_work_folder,
    without_own,
)
from pipeline.plan import BuildPlan
from pipeline.preflight import preflight
from pipeline.present import PresentDataset, present_dataset, splits_on_record
from pipeline.recipe_options import add_recipe_options, chosen_recipe
from pipeline.retry import retried_generation, sources_to_retry
from pipeline.run_models import used_models
from pipeline.run_record import run_record
from pipeline.settings import settings_text
from pipeline.takedown.honor import honored_parts
from schemas.errors import UsageError
from schemas.records import VideoSource
from transforms.manifests.generation import FIRST, Generation
from transforms.sources.layout import LAYOUTS
from transforms.sources.listing import Listing
from transforms.sources.official_lists import LAYOUT as LRS2
from transforms.sources.pseudonyms import Pseudonyms, read_key
from transforms.sources.split import given_splits

MIN_BUGS_ALLOWED = 3
LAUNCHER_PATIENCE_S = 30.0  # with a store that does not answer: the url may be wrong
INPUTS_PER_BUG = 1000  # one bug more is allowed for each thousand inputs
EXIT_CODES = (
    "exit codes: 0 done (failures are listed), 1 bugs or too many failures, 2 usage, 3 no clips, 4 integrity, 5 storage"
)


def build_parser(program: str) -> CommandParser:
    """Make the parser of a build's options, with units and defaults."""
    parser = CommandParser(
        program,
        "Turn raw video of talking people into WebDataset shards with Parquet manifests.",
        epilog=f"{settings_text(Recipe().settings())}\n\nBeam's own options are passed on to Beam.\n{EXIT_CODES}",
        keep_lines=True,
    )
    _add_source_options(parser)
    _add_folder_options(parser)
    add_recipe_options(parser)
    _add_watching_options(parser)
    _add_limit_options(parser)
    return parser


def _add_source_options(parser: CommandParser) -> None:
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--input", metavar="SRC", nargs="+", action="extend", help="files, folders, globs or URLs")
    given.add_argument(
        "--sources",
        metavar="TABLE",
        help="CSV, TSV, JSONL or Parquet with uri and any of speaker, group, split, licence, consent, language",
    )
    given.add_argument(
        "--retry_failures",
        action="store_true",
        help="instead of inputs: do the sources in --output's dataset again whose failures may pass",
    )
    parser.add_argument(
        "--honor",
        metavar="LIST",
        nargs="+",
        action="extend",
        default=[],
        help="datasets, or parts of their table `takedowns`: what was taken out of them is refused here too",
    )
    parser.add_argument(
        "--layout",
        choices=list(LAYOUTS),
        default="flat",
        help="how speaker, group and split are read from the paths of --input (default: flat, nothing is read)",
    )
    parser.add_argument(
        "--layout_lists",
        metavar="DIR",
        help="of --layout lrs2: folder or URL of train.txt, val.txt and test.txt (default: beside main/)",
    )
    parser.add_argument(
        "--pseudonymise",
        metavar="KEYFILE",
        help="store speakers, groups and names of files as hashes by the key in this file, which you keep: the same "
        "key gives the same hashes, and --append needs it again",
    )


def _add_folder_options(parser: CommandParser) -> None:
    parser.add_argument(
        "--root",
        metavar="DIR",
        help="of --retry_failures: folder or URL where the sources lie now (default: root in run.json)",
    )
    parser.add_argument("--output", metavar="DIR", required=True, help="folder or URL of the dataset")
    parser.add_argument(
        "--append", action="store_true", help="add new sources to the dataset in --output, by its recipe and models"
    )
    parser.add_argument(
        "--work",
        metavar="DIR",
        help="folder or URL for results between stages, which is kept; later builds take from it what they need "
        f"(default: OUTPUT/{WORK}, removed at the end of a run that is done)",
    )
    parser.add_argument(
        "--keep_work",
        action="store_true",
        help="keep the results between stages that lie in OUTPUT: several times the shards' size",
    )


def _add_limit_options(parser: CommandParser) -> None:
    parser.add_argument("--fail_fast", action="store_true", help="a bug stops the run at once")
    parser.add_argument(
        "--max_bugs",
        type=int,
        metavar="N",
        help="the run fails with more failures of kind bug than this (default: "
        f"{MIN_BUGS_ALLOWED}, or one for each {INPUTS_PER_BUG:,} inputs where that is more)",
    )
    parser.add_argument(
        "--max_failed_share",
        type=float,
        metavar="SHARE",
        default=0.5,
        help="the run fails where more of its sources, windows or seconds of video failed, 0 to 1 (default: 0.5)",
    )


def _add_watching_options(parser: CommandParser) -> None:
    parser.add_argument(
        "--log_format",
        choices=("text", "json"),
        default=log_format(),
        help="json: each log line is one object with time, level, logger, message, source and window (default: text)",
    )
    parser.add_argument("--metrics_file", metavar="FILE", help="text file for Prometheus, written about every 15 s")


def parse_plan(argv: list[str], program: str) -> BuildPlan:
    """Parse and check everything; UsageError, StorageError or IntegrityError where something is wrong.

    Writes only the converted network of --sync syncnet:FILE, once, and the pages of a run that was killed at its end.
    """
    args, flags = _parsed(argv, program)
    recipe = chosen_recipe(args)
    store = store_options(flags, recipe.limits.fetch_s)
    dataclasses.replace(store, patience_s=LAUNCHER_PATIENCE_S).use()
    output, work = _folders(args, flags)
    present = _present(args, output)
    pseudonyms = read_key(args.pseudonymise) if args.pseudonymise else None
    if present:
        require_same_key(present, pseudonyms, args.retry_failures)
    recipe = preflight(chosen_recipe(args, present.recipe) if present and _adds(args) else recipe)
    root, sources, generation, inputs = _inputs(args, output, work, present, recipe, pseudonyms)
    key_check = pseudonyms.key_check if pseudonyms else ""
    run = run_record(recipe, [program, *argv], len(sources), root, inputs, work if args.work else "", key_check)
    return BuildPlan(
        sources=sources,
        num_inputs=len(sources),
        splits=splits_on_record(present, sources) if present else given_splits(sources),
        recorded=present.paths("sources") if present else (),
        honored=honored_parts(args.honor),
        own_takedowns=tuple(f"{output}/{path}" for path in present.paths("takedowns")) if present else (),
        output=output,
        recipe=recipe,
        fail_fast=args.fail_fast,
        staging=f"{output}/{RUN_STAGING}",
        work=work,
        keeps_tubes=bool(args.work) or args.keep_work,
        keeps_work=args.keep_work and not args.work,
        max_bugs=_max_bugs(args, len(sources)),
        store=store,
        beam_options=flags,
        metrics_file=os.path.abspath(args.metrics_file) if args.metrics_file else "",
        max_failed_share=args.max_failed_share,
        generation=generation,
        run=run,
    )


def _parsed(argv: list[str], program: str) -> tuple[argparse.Namespace, list[str]]:
    """The arguments, and Beam's own options among them."""
    parser = build_parser(program)
    args, others = parser.parse_known_args(argv)
    set_log_format(args.log_format)
    flags = beam_options(others, parser.option_names())
    _require_limits(args)
    return args, flags


def _folders(args: argparse.Namespace, flags: list[str]) -> tuple[str, str]:
    """OUTPUT and the folder of results between stages; UsageError or StorageError: no run can write there."""
    output = normalised_output(args.output)
    work = normalised_output(args.work) if args.work else f"{output}/{WORK}"
    require_reachable(flags, output, work)
    require_work_folder(work, output)
    return output, work


def _present(args: argparse.Namespace, output: str) -> PresentDataset | None:
    """The dataset in the output, whose last run is complete; None: the output is free."""
    present = present_dataset(output)
    if present is None:
        _require_first_build(args, output)
    else:
        complete_killed_run(output, present.run, present.record["generation"], args.keep_work)
    return present


def _max_bugs(args: argparse.Namespace, num_inputs: int) -> int:
    return max(MIN_BUGS_ALLOWED, num_inputs // INPUTS_PER_BUG) if args.max_bugs is None else args.max_bugs


def _adds(args: argparse.Namespace) -> bool:
    """Whether the command adds to a dataset, by the recipe that it was made by."""
    return args.append or args.retry_failures


def _require_first_build(args: argparse.Namespace, output: str) -> None:
    """Raise UsageError where the output is not free, or the command wants a dataset there."""
    if _adds(args):
        name = "--append" if args.append else "--retry_failures"
        raise UsageError(f"{name}: {output} holds no dataset to add to; without {name} it is built")
    require_free_output(output)


def _inputs(
    args: argparse.Namespace,
    output: str,
    work: str,
    present: PresentDataset | None,
    recipe: Recipe,
    pseudonyms: Pseudonyms | None,
) -> tuple[str, tuple[VideoSource, ...], Generation, list[str]]:
    """Root and names of the sources to do, the generation that is made of them, and fingerprints of its inputs."""
    if present and args.retry_failures:
        require_no_differences(present, present.differences(recipe, used_models(recipe)))
        sources, source_ids = sources_to_retry(present, normalised_output(args.root or present.run["root"] or "/"))
        generation = retried_generation(present, source_ids, len(sources))
        return present.run["root"], sources, generation, present.run["inputs"]
    listing = list_table(args.sources) if args.sources else _listed(args)
    root, listing = with_names(listing, args.input, present.run["root"] if present and not pseudonyms else None)
    sources = without_own(listing.sources, output, work)
    require_inputs_outside(output, [source.uri for source in sources])
    if pseudonyms:
        root, sources = "", tuple(map(pseudonyms.source, sources))
    fingerprint = inputs_fingerprint(sources)
    if present is None:
        return root, sources, FIRST, [fingerprint]
    generation = appended_to(present, args.append, recipe, fingerprint)
    return root, sources, generation, [*present.run["inputs"], fingerprint]


def _listed(args: argparse.Namespace) -> Listing:
    """What --input names."""
    if args.layout_lists and args.layout != LRS2:
        raise UsageError(f"--layout_lists holds the lists of --layout {LRS2}: give both, or neither")
    return list_inputs(args.input, args.layout, args.layout_lists and normalised_output(args.layout_lists))


def _require_limits(args: argparse.Namespace) -> None:
    if args.metrics_file and not os.path.isdir(os.path.dirname(os.path.abspath(args.metrics_file))):
        raise UsageError(f"--metrics_file {args.metrics_file}: there is no such folder")
    if args.max_bugs is not None and args.max_bugs < 0:
        raise UsageError(f"--max_bugs must be 0 or more, not {args.max_bugs}")
    if not 0 <= args.max_failed_share <= 1:
        raise UsageError(f"--max_failed_share must be in 0..1, not {args.max_failed_share:g}")

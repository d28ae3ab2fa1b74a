"""What repack and takedown share: a finished dataset is reached, and its next generation comes without new sources."""

import argparse
import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.beam_options import beam_options, require_reachable, store_options
from pipeline.commands.parser import CommandParser
from pipeline.options import LAUNCHER_PATIENCE_S
from pipeline.output import RUN_STAGING, WORK, normalised_output
from pipeline.owner import require_no_owner
from pipeline.plan import BuildPlan
from pipeline.present import PresentDataset, require_dataset
from transforms.beam_support.stores import StoreOptions
from transforms.manifests.generation import Generation
from transforms.media.config import LimitsConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedDataset:
    """A finished dataset at which no run is building, and how it is reached."""

    output: str  # folder or URL
    present: PresentDataset
    store: StoreOptions
    beam_options: list[str]


def reach_dataset(
    parser: CommandParser, argv: list[str], check: Callable[[argparse.Namespace], None] | None = None
) -> tuple[argparse.Namespace, ReachedDataset]:
    """The arguments, and the dataset that `output` names. UsageError: there is none, or a run builds there.

    check: raises UsageError where other arguments are wrong, before the dataset is looked at.
    """
    args, others = parser.parse_known_args(argv)
    if check:
        check(args)
    flags = beam_options(others, parser.option_names())
    store = store_options(flags, LimitsConfig().fetch_s)
    dataclasses.replace(store, patience_s=LAUNCHER_PATIENCE_S).use()
    output = normalised_output(args.output)
    require_reachable(flags, output)
    present = require_dataset(output)
    require_no_owner(output)
    return args, ReachedDataset(output=output, present=present, store=store, beam_options=flags)


def rewriting_plan(reached: ReachedDataset, generation: Generation, run: dict[str, object]) -> BuildPlan:
    """The plan of a generation that is made of the present one alone."""
    return BuildPlan(
        sources=(),
        num_inputs=0,
        splits={},
        recorded=(),
        output=reached.output,
        staging=f"{reached.output}/{RUN_STAGING}",
        work=f"{reached.output}/{WORK}",
        keeps_tubes=True,
        keeps_work=True,
        recipe=reached.present.recipe,
        fail_fast=False,
        max_bugs=sys.maxsize,
        max_failed_share=1.0,  # it was judged when it was built
        generation=generation,
        run=run,
        store=reached.store,
        beam_options=reached.beam_options,
    )

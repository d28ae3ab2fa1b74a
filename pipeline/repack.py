"""Repack a dataset: its clips and rows are read, and written by the steps that end every build."""

import dataclasses
import sys

import apache_beam as beam

from pipeline.beam_options import beam_options, require_reachable, store_options
from pipeline.commands.parser import CommandParser
from pipeline.finish import complete_killed_run
from pipeline.graph import finish
from pipeline.options import LAUNCHER_PATIENCE_S
from pipeline.output import RUN_STAGING, WORK, normalised_output
from pipeline.owner import require_no_owner
from pipeline.plan import BuildPlan
from pipeline.present import PresentDataset, require_dataset
from pipeline.run_record import repacked
from schemas.errors import NothingToDo
from schemas.generations import generation_of
from transforms.manifests.verdict import Verdict
from transforms.media.config import LimitsConfig
from transforms.recorded.stage import ReadClips, ReadRows
from transforms.shards.stage import WriteShards

_KEPT_TABLES = ("sources", "decisions", "tracks", "failures", "takedowns")


def parse_repack(argv: list[str], program: str) -> BuildPlan:
    """The plan of a new generation with all rows of the present one. NothingToDo: it is one generation already."""
    parser = CommandParser(
        program,
        "Write one more generation of a dataset: the shards and tables that a build of everything at once would make "
        "(but that people keep the ids, confidences and splits which they were first given), "
        "after --append and --retry_failures have made small ones.",
        epilog="Beam's own options are passed on to Beam.",
    )
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL of a dataset")
    args, others = parser.parse_known_args(argv)
    flags = beam_options(others, parser.option_names())
    store = store_options(flags, LimitsConfig().fetch_s)
    dataclasses.replace(store, patience_s=LAUNCHER_PATIENCE_S).use()
    output = normalised_output(args.output)
    require_reachable(flags, output)
    present = require_dataset(output)
    require_no_owner(output)
    complete_killed_run(output, present.run, present.record["generation"], keeps_work=True)
    _require_several_pieces(present)
    return BuildPlan(
        sources=(),
        num_inputs=0,
        splits={},
        recorded=(),
        output=output,
        staging=f"{output}/{RUN_STAGING}",
        work=f"{output}/{WORK}",
        keeps_tubes=True,
        keeps_work=True,
        recipe=present.recipe,
        fail_fast=False,
        max_bugs=sys.maxsize,
        max_failed_share=1.0,  # it was judged when it was built
        generation=present.next_generation((), present.num_inputs, rewrites=True),
        run=repacked(present.run, [program, *argv]),
        store=store,
        beam_options=flags,
    )


def repack_graph(pipeline: beam.Pipeline, plan: BuildPlan) -> beam.PCollection[Verdict]:
    """Build the graph from a dataset to its next generation."""
    dataset = require_dataset(plan.output)

    def rows(*tables: str) -> ReadRows:
        return ReadRows(plan.output, tuple(path for name in tables for path in dataset.paths(name)), store=plan.store)

    stored = {"clips": pipeline | "Clips" >> rows("clips"), "shards": pipeline | "Shards" >> rows("shards")}
    clips = stored | "ReadClips" >> ReadClips(plan.output, plan.store)
    written = clips | "WriteShards" >> WriteShards(plan.output, plan.recipe.shards, plan.store, plan.generation.number)
    kept = pipeline | "Kept" >> rows(*_KEPT_TABLES)
    every = (kept, written.clip_rows, written.shard_rows) | "Rows" >> beam.Flatten()
    return finish(plan, every, pipeline | "NoneKnown" >> beam.Create([0]))


def _require_several_pieces(present: PresentDataset) -> None:
    objects = [*present.record["manifests"], *present.record["shards"]]
    if len({generation_of(one["path"]) for one in objects}) == 1:
        raise NothingToDo(
            f"{present.output} is one generation already, as one build of everything would make it: nothing was changed"
        )

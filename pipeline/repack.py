"""Repack a dataset: its clips and rows are read, and written by the steps that end every build."""

import apache_beam as beam

from pipeline.commands.parser import CommandParser
from pipeline.finish import complete_killed_run
from pipeline.graph import finish
from pipeline.plan import BuildPlan
from pipeline.present import PresentDataset, require_dataset
from pipeline.rewriting import reach_dataset, rewriting_plan
from pipeline.run_record import repacked
from schemas.errors import NothingToDo
from schemas.generations import generation_of
from transforms.manifests.verdict import Verdict
from transforms.recorded.stage import ReadClips, ReadRows
from transforms.shards.stage import WriteShards

_KEPT_TABLES = ("sources", "decisions", "tracks", "failures", "takedowns")


def parse_repack(argv: list[str], program: str) -> BuildPlan:
    """The plan of a new generation with all rows of the present one. NothingToDo: it is one generation already."""
    parser = CommandParser(
        program,
        "Write one more generation of a dataset that --append and --retry_failures have left in many small shards and "
        "tables: those that one build of everything would make. People keep the ids, confidences and splits that they "
        "were first given.",
        epilog="Beam's own options are passed on to Beam.",
    )
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL of a dataset")
    _args, reached = reach_dataset(parser, argv)
    present = reached.present
    complete_killed_run(reached.output, present.run, present.record["generation"], keeps_work=True)
    _require_several_pieces(present)
    generation = present.next_generation((), present.num_inputs, rewrites=True)
    return rewriting_plan(reached, generation, repacked(present.run, [program, *argv]))


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
    if not present.record["shards"]:
        raise NothingToDo(f"{present.output} holds no clips: there is nothing to repack")
    objects = [*present.record["manifests"], *present.record["shards"]]
    if len({generation_of(one["path"]) for one in objects}) == 1:
        raise NothingToDo(
            f"{present.output} is one generation already, as one build of everything would make it: nothing was changed"
        )

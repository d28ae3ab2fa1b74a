"""The plan and the graph of a takedown: a generation without what is taken, which writes again only what held any."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam

from pipeline.commands.parser import CommandParser
from pipeline.finish import complete_killed_run
from pipeline.graph import finish
from pipeline.output import remove_staging
from pipeline.owner import owning
from pipeline.plan import BuildPlan
from pipeline.plural import number_of
from pipeline.present import PresentDataset
from pipeline.retry import holds_any
from pipeline.rewriting import reach_dataset, rewriting_plan
from pipeline.run_record import repacked
from pipeline.takedown.like import FindFace, people_like
from pipeline.takedown.matches import Request
from pipeline.takedown.removal import remove_taken
from pipeline.takedown.selection import Selection, select
from schemas.errors import NothingToDo, UsageError
from schemas.shown_text import shown_text
from transforms.manifests.generation import Generation
from transforms.manifests.verdict import Verdict
from transforms.media.source_names import HIDDEN
from transforms.media.takedown_list import CLIP, NAME, PERSON, SOURCE, SPEAKER, clip_decision
from transforms.recorded.stage import ReadClips, ReadRows
from transforms.recorded.stored_rows import table_of_part
from transforms.shards.stage import WriteShards
from transforms.takedowns.stage import TakeOut
from transforms.takedowns.taken import Taken

_MAX_LINES = 20  # of what would go
_UNTOUCHED_TABLE = "takedowns"  # only grows


def takedown_parser(program: str) -> CommandParser:
    """Make the parser of the command's options."""
    parser = CommandParser(
        program,
        "Take people, sources or clips out of a dataset, for good: their bytes and rows are removed at once, and every "
        "later build refuses them. Without --yes it only shows what would go.",
        epilog="Beam's own options are passed on to Beam.",
    )
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL of a dataset")
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--source", metavar="ID", nargs="+", help="sources by their source_id")
    whom.add_argument("--speaker", metavar="NAME", nargs="+", help="every source of a speaker, however it is spelt")
    whom.add_argument("--uri", metavar="URI", nargs="+", help="sources by names in the column uris, or full paths")
    whom.add_argument("--person", metavar="ID", nargs="+", help="every clip of people by their person_id")
    whom.add_argument("--like", metavar="IMAGE", help="people whose faces are like that of an image; needs --sheet")
    whom.add_argument("--clip", metavar="KEY", nargs="+", help="single clips; their sources stay")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why: it is stored, so it must name no one")
    parser.add_argument("--sheet", metavar="FILE.png", help="of --like: the nearest faces, to look at before --yes")
    parser.add_argument("--yes", action="store_true", help="do it")
    return parser


def parse_takedown(argv: list[str], program: str, find_face: FindFace) -> tuple[BuildPlan, Selection]:
    """The plan of a generation without what is taken, and what that is. find_face: of --like.

    NothingToDo: it is taken down already, or it was only to be shown. UsageError: there is no such thing.
    """
    args, reached = reach_dataset(takedown_parser(program), argv, _require_reason)
    output, present = reached.output, reached.present
    if args.yes:
        complete_killed_run(output, present.run, present.record["generation"], keeps_work=True)
    request = _request(args, present, find_face)
    selection = select(present, request)
    if selection is None:
        if args.yes:
            _remove_again(output)
        raise NothingToDo(f"{output} has nothing of it any more: it is taken down already")
    generation = _generation(present, selection)
    _show(present, selection, generation)
    if not args.yes:
        raise NothingToDo("nothing was changed: give --yes to take it down")
    kept = repacked(present.run, [program, output, f"--{_option(request)}", HIDDEN])
    without_inputs = kept | {"inputs": []}  # fingerprints of listings that held it
    return rewriting_plan(reached, generation, without_inputs), selection


def takedown_graph(selection: Selection, pipeline: beam.Pipeline, plan: BuildPlan) -> beam.PCollection[Verdict]:
    """Build the graph from a dataset to its next generation, without what is taken."""
    stored = pipeline | "Stored" >> ReadRows(plan.output, plan.generation.rewritten, store=plan.store)
    left = stored | "TakeOut" >> TakeOut(selection.taken)
    clips = {"clips": left.clips, "shards": left.shards} | "ReadClips" >> ReadClips(plan.output, plan.store)
    written = clips | "WriteShards" >> WriteShards(plan.output, plan.recipe.shards, plan.store, plan.generation.number)
    decisions = [clip_decision(key, source_id) for key, source_id in selection.clip_sources]
    told = pipeline | "Told" >> beam.Create([*selection.subjects, *decisions])
    rows = (left.rows, written.clip_rows, written.shard_rows, told) | "Rows" >> beam.Flatten()
    return finish(plan, rows, pipeline | "NoneKnown" >> beam.Create([0]))


def _remove_again(output: str) -> None:
    """Remove what was taken down, in case that an earlier run was killed before its end, or that some of it is back."""
    with owning(output):
        remove_taken(output)
        remove_staging(output, keeps_work=True)


def print_some(lines: Sequence[str]) -> None:
    """Print the first lines, and how many more there are."""
    for line in lines[:_MAX_LINES]:
        print(shown_text(line))
    if len(lines) > _MAX_LINES:
        print(f"and {len(lines) - _MAX_LINES} more")


def _require_reason(args: argparse.Namespace) -> None:
    if not args.reason.strip():
        raise UsageError("--reason: say why, in words that name no one")
    if (args.like is None) != (args.sheet is None) or (args.sheet and not args.sheet.endswith(".png")):
        raise UsageError("--like IMAGE and --sheet FILE.png go together: look at the faces on the sheet before --yes")


def _request(args: argparse.Namespace, present: PresentDataset, find_face: FindFace) -> Request:
    if args.like is not None:
        found = people_like(present, args.like, Path(args.sheet), find_face)
        print(f"the nearest faces, each with its distance: {args.sheet}")
        if not found:
            raise NothingToDo(f"no one in {present.output} is like the face in {args.like}")
        for one in found:
            print(f"person {one.person_id}  at a distance of {one.distance:.2f}, {number_of(one.num_clips, 'clip')}")
        return Request(kind=PERSON, values=tuple(one.person_id for one in found), reason=args.reason.strip())
    kinds = {SOURCE: args.source, SPEAKER: args.speaker, NAME: args.uri, PERSON: args.person, CLIP: args.clip}
    [(kind, values)] = [(kind, values) for kind, values in kinds.items() if values is not None]
    return Request(kind=kind, values=tuple(dict.fromkeys(values)), reason=args.reason.strip())


def _option(request: Request) -> str:
    return "uri" if request.kind == NAME else request.kind


def _generation(present: PresentDataset, selection: Selection) -> Generation:
    rewritten = tuple(part.path for part in present.parts if _holds_any(present.output, part.path, selection.taken))
    carried = tuple(part for part in present.parts if part.path not in rewritten)
    generation = present.next_generation(
        carried, present.num_inputs - selection.num_names, rewrites=True, rewritten=rewritten
    )
    return dataclasses.replace(generation, may_have_no_clips=True)


def _holds_any(output: str, path: str, taken: Taken) -> bool:
    """Whether a part has a row of what is taken, or of a shard that is written again."""
    table = table_of_part(path)
    if table == _UNTOUCHED_TABLE:
        return False
    if table in ("clips", "shards") and holds_any(output, path, "shard", taken.shards):
        return True
    if table == "decisions" and holds_any(output, path, "subject_id", taken.copies):
        return True
    if table == "tracks" and holds_any(output, path, "track_id", taken.bare_tracks):
        return True
    changed = {one.source_id for one in taken.changed} if table == "sources" else set()
    return table != "shards" and holds_any(output, path, "source_id", taken.sources | changed)


def _show(present: PresentDataset, selection: Selection, generation: Generation) -> None:
    """Print what goes, one line for each source or clip, and what is written again."""
    print_some(selection.lines)
    clips = sum(row.num_clips for row in selection.subjects)
    seconds = sum(row.clip_s for row in selection.subjects)
    print(
        f"{number_of(len(selection.taken.sources), 'source')}, {number_of(clips, 'clip')}, {seconds:.2f} s; written "
        f"again: {len(selection.taken.shards)} of {number_of(len(present.record['shards']), 'shard')}, "
        f"{len(generation.rewritten)} of {number_of(len(present.parts), 'part')} of tables"
    )

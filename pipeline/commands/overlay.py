"""`talkshard overlay DATASET --output DIR`: draw what was found over frames of each source."""

from pathlib import Path
from typing import NoReturn

from audit.overlay import draw_overlays
from pipeline.commands.parser import CommandParser
from pipeline.commands.stored_run import require_run
from pipeline.native_call import call_in_child
from pipeline.output import normalised_output, read_run
from schemas.errors import MediaError, NothingFound, TalkshardError, UsageError
from schemas.shown_text import shown_text
from transforms.beam_support.storage import local_path
from transforms.media.source_names import found_uri

_DESCRIPTION = """Draw what was found over frames of each source: green is in a stored clip, red is not, orange is a
track of which the sync network could not tell whether it speaks, yellow is an interpolated box. Beside each box: the
track, the rule that dropped it, the lag in frames with its standard error, and the probability that this face speaks
the audio."""


def main(argv: list[str], program: str) -> int:
    """Draw one sheet per source; returns 0. A source that cannot be drawn is named. TalkshardError: none can."""
    parser = CommandParser(program, _DESCRIPTION)
    parser.add_argument("dataset", metavar="DATASET", help="folder or URL of a dataset")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the PNGs")
    parser.add_argument("--frames", type=int, default=4, metavar="N", help="frames per source (default: %(default)s)")
    parser.add_argument("--root", metavar="DIR", help="where the sources lie now (default: as run.json says)")
    args = parser.parse(argv, {"frames": 1})
    root = _root(args.dataset, args.root)
    sheets = draw_overlays(
        args.dataset, Path(args.output), args.frames, lambda name: local_path(found_uri(name, root)), call_in_child
    )
    num_drawn = num_failed = 0
    for uri, drawn in sheets:
        failed = isinstance(drawn, MediaError)
        num_failed, num_drawn = num_failed + failed, num_drawn + (not failed)
        print(shown_text(f"{program}: {drawn}" if failed else f"{drawn}  {uri}"))
    if not num_drawn:
        _refuse(num_failed, args.dataset)
    return 0


def _root(dataset: str, given: str | None) -> str:
    """The folder or URL that the names of sources start from. UsageError: no file is found by these names."""
    require_run(dataset)
    run = read_run(normalised_output(dataset))
    if run.get("pseudonyms"):
        raise UsageError(
            f"{dataset} holds pseudonyms, from which no file is found; talkshard show draws its clips, one by one"
        )
    return normalised_output(given or run["root"] or "/")


def _refuse(num_failed: int, dataset: str) -> NoReturn:
    if num_failed:
        raise TalkshardError(
            f"none of {num_failed} sources could be drawn: see above; --root DIR says where files lie that were moved"
        )
    raise NothingFound(f"no face was tracked in the sources of {dataset}: there is nothing to draw")

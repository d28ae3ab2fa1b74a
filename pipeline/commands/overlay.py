"""`talkshard overlay DATASET --output DIR`: draw what was found over frames of each source."""

from pathlib import Path

from audit.overlay import draw_overlays
from pipeline.commands.parser import CommandParser
from pipeline.commands.stored_run import require_run
from pipeline.native_call import call_in_child
from pipeline.output import normalised_output, read_run
from schemas.errors import MediaError
from schemas.shown_text import shown_text
from transforms.beam_support.storage import local_path
from transforms.media.source_names import found_uri

_DESCRIPTION = """Draw what was found over frames of each source: green is in a stored clip, red is not, orange is a
track of which the sync network could not tell whether it speaks, yellow is an interpolated box. Beside each box: the
track, the rule that dropped it, the lag in frames with its standard error, and the probability that this face speaks
the audio."""


def main(argv: list[str], program: str) -> int:
    """Draw one sheet per source; returns 0. A source that cannot be read is named."""
    parser = CommandParser(program, _DESCRIPTION)
    parser.add_argument("dataset", metavar="DATASET", help="folder or URL of a dataset")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the PNGs")
    parser.add_argument("--frames", type=int, default=4, metavar="N", help="frames per source (default: %(default)s)")
    parser.add_argument("--root", metavar="DIR", help="where the sources lie now (default: as run.json says)")
    args = parser.parse(argv, {"frames": 1})
    require_run(args.dataset)
    root = normalised_output(args.root or read_run(normalised_output(args.dataset))["root"] or "/")
    sheets = draw_overlays(
        args.dataset, Path(args.output), args.frames, lambda name: local_path(found_uri(name, root)), call_in_child
    )
    num_sheets = 0
    for uri, drawn in sheets:
        num_sheets += 1
        print(shown_text(f"{program}: {drawn}" if isinstance(drawn, MediaError) else f"{drawn}  {uri}"))
    if not num_sheets:
        print(f"no face was tracked in the sources of {args.dataset}: there is nothing to draw")
    return 0

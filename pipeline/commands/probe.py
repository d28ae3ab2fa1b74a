"""`talkshard probe FILE`: what a file holds, and what build would do with it and why."""

import os

from pipeline.commands.parser import CommandParser
from pipeline.native_call import call_in_child
from pipeline.preflight import preflight
from pipeline.probe_file import probe_file
from pipeline.probe_text import probe_lines
from pipeline.recipe_options import add_recipe_options, chosen_recipe
from schemas.errors import UsageError
from schemas.shown_text import shown_text
from transforms.beam_support import storage


def main(argv: list[str], program: str) -> int:
    """Print what one file holds; returns the exit code."""
    parser = CommandParser(program, "Show what a file holds, and what build would do with it and why.")
    parser.add_argument("file", metavar="FILE", help="a video file or its URL")
    add_recipe_options(parser)
    args = parser.parse(argv)
    recipe = preflight(chosen_recipe(args))
    if storage.is_local(args.file) and not os.path.exists(storage.path_of(args.file)):
        raise UsageError(f"there is no file {args.file!r}")
    path = storage.local_path(args.file)
    probe = call_in_child(args.file, probe_file, path, recipe, limits=recipe.limits)
    print("\n".join(map(shown_text, probe_lines(args.file, probe, recipe))))
    return 0

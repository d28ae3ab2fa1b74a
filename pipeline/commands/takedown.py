"""`talkshard takedown OUTPUT --speaker NAME --reason TEXT`: take somebody or something out of a dataset, for good."""

import functools

import numpy as np

from pipeline.launch import run_plan
from pipeline.takedown.plan import parse_takedown, print_some, takedown_graph
from pipeline.takedown.removal import unknown_files
from schemas.errors import NothingToDo, TalkshardError


def main(argv: list[str], program: str) -> int:
    """Show what would go; with --yes, take it down. Returns the exit code."""
    try:
        plan, selection = parse_takedown(argv, program, _face_of)
    except NothingToDo as done:
        print(f"talkshard: {done}")
        return done.exit_code
    exit_code = run_plan(plan, functools.partial(takedown_graph, selection))
    if exit_code == 0:
        print_some([f"not looked into, for no build wrote it: {path}" for path in unknown_files(plan.output)])
    return exit_code


def _face_of(path: str, image_px: int) -> tuple[np.ndarray, np.ndarray]:
    """See FindFace."""
    from speech2vid.generation.stills import StillFinder, find_stills

    try:
        [found] = find_stills([path], 1, StillFinder(image_px))
    except TalkshardError as error:
        raise type(error)(str(error).replace("--identity", "--like")) from error
    return found.still.face_rgb, found.still.mesh_px

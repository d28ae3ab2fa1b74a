"""The command: `talkshard NAME ...`. Each name's module is imported only when it is asked for."""

import difflib
import importlib
import sys

from pipeline.logs import quiet_logs
from pipeline.threads import set_environment
from schemas.errors import TalkshardError

COMMANDS = {
    "build": ("beam_runner:main", "turn raw video into a dataset"),
    "probe": ("pipeline.probe_command:main", "what a file holds, and what build would do with it"),
    "mfcc": ("pipeline.commands.mfcc:main", "the MFCC of any media file"),
    "models": ("pipeline.commands.models:main", "list, install or verify the models' weights"),
    "verify": ("pipeline.commands.verify:main", "check a dataset against its own hashes and counts"),
    "overlay": ("audit.overlay:main", "draw what was found over frames of each source"),
    "train-sync": ("speech2vid.sync_training.train:main", "train the sync network from a dataset"),
    "train": ("speech2vid.generator_training.train:main", "train a generator of talking faces from a dataset"),
    "generate": ("speech2vid.generation.generate:main", "make a face say audio"),
    "evaluate": ("speech2vid.evaluation.evaluate:main", "judge a generator beside still images and real video"),
    "report": ("pipeline.commands.report:main", "write a dataset's report and card again"),
}
"""Name -> "module:function" that takes the words after it and the program's name, and what it does."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0 if argv else 2
    if argv[0] not in COMMANDS:
        near = difflib.get_close_matches(argv[0], COMMANDS, n=1)
        print(
            f"talkshard: no command is called {argv[0]!r}: "
            + (f"did you mean {near[0]}?" if near else "see talkshard --help"),
            file=sys.stderr,
        )
        return 2
    set_environment()  # before anything numeric is imported
    quiet_logs()
    module, function = COMMANDS[argv[0]][0].split(":")
    try:
        return getattr(importlib.import_module(module), function)(argv[1:], f"talkshard {argv[0]}")
    except TalkshardError as error:
        print(f"talkshard: {error}", file=sys.stderr)
        return error.exit_code


def _usage() -> str:
    lines = [f"  {name:<10} {about}" for name, (_, about) in COMMANDS.items()]
    return "\n".join(["usage: talkshard COMMAND ... (talkshard COMMAND --help explains it)", "", *lines])


if __name__ == "__main__":
    sys.exit(main())

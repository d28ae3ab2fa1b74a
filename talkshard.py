"""The command `talkshard NAME ...`. The module of a command is imported only when that command is run."""

import importlib
import sys

from pipeline.environment import set_environment
from pipeline.logs import LOG_VARIABLE, native_messages_apart, quiet_logs
from pipeline.nearest import nearest
from schemas.errors import TalkshardError
from schemas.shown_text import shown_text

COMMANDS = {
    "build": ("pipeline.commands.build", "turn raw video into a dataset"),
    "repack": ("pipeline.commands.repack", "write a dataset's shards and tables as one build of everything would"),
    "takedown": ("pipeline.commands.takedown", "take a person, sources or clips out of a dataset, for good"),
    "clean": ("pipeline.commands.clean", "remove what no generation of a dataset needs any more"),
    "status": ("pipeline.commands.status", "show how far a build is, or how it ended"),
    "probe": ("pipeline.commands.probe", "show what a file holds, and what build would do with it"),
    "estimate": ("pipeline.commands.estimate", "what a build would take and give, from a sample"),
    "mfcc": ("pipeline.commands.mfcc", "write the MFCC of any media file"),
    "models": ("pipeline.commands.models", "list, install or verify the models' weights, or try them here"),
    "verify": ("pipeline.commands.verify", "derive all that a dataset says again from its bytes"),
    "overlay": ("pipeline.commands.overlay", "draw what was found over frames of each source"),
    "show": ("pipeline.commands.show", "one clip as an image, or as a video with its audio"),
    "diff": ("pipeline.commands.diff", "what came, went and changed between two datasets, and by what"),
    "report": ("pipeline.commands.report", "write a dataset's report and card again"),
    "train-sync": ("pipeline.commands.train_sync", "train the sync network from a dataset"),
    "train": ("pipeline.commands.train", "train a generator of talking faces from a dataset"),
    "generate": ("pipeline.commands.generate", "make a face say audio"),
    "dub": ("pipeline.commands.dub", "give a video's speaker other words, with a mouth that says them"),
    "evaluate": ("pipeline.commands.evaluate", "evaluate a generator beside baselines and real video"),
}
"""Name -> module whose main(argv, program) runs the command, and what it does."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0 if argv else 2
    if argv[0] not in COMMANDS:
        hint = nearest(argv[0], COMMANDS) or ": see talkshard --help"
        print(f"talkshard: no command is called {argv[0]!r}{hint}", file=sys.stderr)
        return 2
    set_environment()  # before anything numeric is imported
    quiet_logs()
    try:
        with native_messages_apart():
            return importlib.import_module(COMMANDS[argv[0]][0]).main(argv[1:], f"talkshard {argv[0]}")
    except TalkshardError as error:
        print(f"talkshard: {shown_text(' '.join(str(error).split()))}", file=sys.stderr)
        return error.exit_code


def _usage() -> str:
    lines = [f"  {name:<11} {about}" for name, (_, about) in COMMANDS.items()]
    where = f"{LOG_VARIABLE}=FILE keeps the messages of decoders and networks, which are not shown otherwise"
    return "\n".join(["usage: talkshard COMMAND ... (talkshard COMMAND --help explains it)", "", *lines, "", where])


if __name__ == "__main__":
    sys.exit(main())

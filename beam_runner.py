"""The entry of a build: `python beam_runner.py --input SRC --output DIR`, the same as `talkshard build`."""

import sys
from collections.abc import Mapping, Sequence

from pipeline.environment import set_environment
from pipeline.logs import native_messages_apart, quiet_logs
from schemas.errors import TalkshardError
from schemas.shown_text import shown_text


def main(argv: list[str] | None = None, program: str = "beam_runner.py") -> int:
    """Run one build; returns the exit code."""
    set_environment()  # before anything numeric is imported
    quiet_logs()
    from pipeline.commands import build

    try:
        with native_messages_apart():
            return build.main(sys.argv[1:] if argv is None else argv, program)
    except TalkshardError as error:
        print(f"talkshard: {shown_text(' '.join(str(error).split()))}", file=sys.stderr)
        return error.exit_code


def build_dataset(
    inputs: Sequence[str],
    output: str,
    recipe: str = "default",
    settings: Mapping[str, object] | None = None,
    flags: Sequence[str] = (),
) -> int:
    """Build a dataset from Python as `talkshard build` does; returns the exit code.

    Args:
        inputs: files, folders, globs or URLs.
        output: folder or URL of the new dataset.
        recipe: name of a recipe.
        settings: name of a setting -> value, as in {"faces.min_box_px": 80}.
        flags: other options of the command, Beam's own included.
    """
    changed = [f"--set={name}={value}" for name, value in (settings or {}).items()]
    return main(["--input", *inputs, "--output", output, "--recipe", recipe, *changed, *flags], "talkshard build")


if __name__ == "__main__":
    sys.exit(main())

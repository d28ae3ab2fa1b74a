"""The entry of a build: `python beam_runner.py --input SRC --output DIR`, the same as `talkshard build`."""

import sys

from pipeline.logs import quiet_logs
from pipeline.threads import set_environment


def main(argv: list[str] | None = None, program: str = "beam_runner.py") -> int:
    """Run one build; returns the exit code."""
    set_environment()  # before anything numeric is imported
    quiet_logs()
    from pipeline.graph import build_graph
    from pipeline.launch import build

    return build(sys.argv[1:] if argv is None else argv, program, build_graph)


if __name__ == "__main__":
    sys.exit(main())

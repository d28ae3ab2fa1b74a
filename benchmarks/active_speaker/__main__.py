"""Scores a sync network on cases with known answers, cut from real clips.

    python -m benchmarks.active_speaker --clips TABLE --judge JUDGE --output DIR [--seed 0] [--only GROUP ...]

TABLE is a CSV with the columns path,speaker and, where known, lag_frames (+ = the recording's audio is late), kind
(in_sync, known_offset, hard, mcgurk), answer (of hard: speaks, no_speaker, left, right, both, turns) and role; paths
are relative to it. JUDGE is what `talkshard build --sync` takes. Writes DIR/scores.json, which is the same for the same
table, judge and seed, DIR/costs.json and DIR/report.html, and prints the table. Faces and audio are kept in DIR/cache
(or --cache), so that another judge is scored quickly.
"""

import argparse
import sys
from pathlib import Path

from pipeline.environment import set_environment

GROUPS = ("pairs", "lags", "drift", "faces", "handover", "voice_over", "noise", "images", "recordings")


def main(argv: list[str] | None = None) -> int:
    """Score a judge, write the files and print the table; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.active_speaker",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--clips", type=Path, required=True, metavar="TABLE", help="CSV of clips")
    parser.add_argument("--judge", required=True, help="what `talkshard build --sync` takes, except none")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the scores and the page")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="folder for faces and audio (default OUTPUT/cache)")
    parser.add_argument("--seed", type=int, default=0, help="seed of samples, noise and intervals (default 0)")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=GROUPS,
        default=GROUPS,
        metavar="GROUP",
        help=f"groups of cases to score: {', '.join(GROUPS)} (default all)",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that find and track faces (default 1)")
    options = parser.parse_args(argv)
    set_environment()  # before anything numeric is imported
    from benchmarks.active_speaker.scoring import score_clips
    from schemas.errors import TalkshardError

    try:
        score_clips(
            options.clips,
            options.judge,
            options.output,
            options.cache or options.output / "cache",
            options.seed,
            options.only,
            options.workers,
        )
    except TalkshardError as error:
        print(f"benchmarks.active_speaker: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

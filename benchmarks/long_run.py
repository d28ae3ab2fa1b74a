"""A build while it runs: memory, processes, open files, temporary files and staging over time.

    python -m benchmarks.long_run --output DIR --every 10 INPUT ... [--flag=--set=...]

Runs a build in a session and a temporary folder of its own, and looks at it every few seconds. Prints a JSON line for
each look, then one with the build's exit code, CPU and wall seconds, and each figure's median in the second and in the
last quarter of the time: what grows with the length of a run is larger in the last.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.processes import session_of

_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A build at one moment."""

    at_s: float
    memory_mb: float  # of all its processes, memory that they share counted once
    processes: int
    open_files: int
    temporary_files: int
    staging_mb: float


def main(argv: list[str] | None = None) -> int:
    """Run the build and look at it; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    parser.add_argument("--output", required=True, metavar="DIR", help="a new folder on this machine")
    parser.add_argument("--every", type=float, default=10.0, metavar="S", help="seconds (default: %(default)s)")
    parser.add_argument("--flag", action="append", default=[], help="of the build")
    args = parser.parse_args(argv)
    command = [sys.executable, str(_ROOT / "beam_runner.py"), "--output", args.output, *args.flag, "--input"]
    looks, began = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        environment = os.environ | {"TMPDIR": folder}
        with subprocess.Popen([*command, *args.inputs], env=environment, start_new_session=True) as build:
            while build.poll() is None:
                looks.append(_look(build.pid, Path(folder), Path(args.output, ".staging"), time.monotonic() - began))
                print(json.dumps(asdict(looks[-1])), flush=True)
                time.sleep(args.every)
    print(json.dumps(_summary(looks, build.returncode, time.monotonic() - began)))
    return build.returncode


def _look(launcher: int, temporary: Path, staging: Path, at_s: float) -> Look:
    processes = session_of(launcher)
    return Look(
        at_s=round(at_s, 1),
        memory_mb=round(sum(map(_memory_kb, processes)) / 1000, 1),
        processes=len(processes),
        open_files=sum(map(_open_files, processes)),
        temporary_files=sum(len(names) for _, _, names in os.walk(temporary)),
        staging_mb=round(sum(_size(path) for path in staging.rglob("*")) / 1e6, 1),
    )


def _memory_kb(process: int) -> int:
    """The process's share of the memory that it uses."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _open_files(process: int) -> int:
    with suppress(OSError):
        return len(os.listdir(f"/proc/{process}/fd"))
    return 0


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _summary(looks: list[Look], exit_code: int, wall_s: float) -> dict[str, object]:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    quarter = max(1, len(looks) // 4)
    figures = ("memory_mb", "processes", "open_files", "temporary_files", "staging_mb")
    parts = (looks[quarter : 2 * quarter] or looks, looks[-quarter:])
    medians = {name: [statistics.median(getattr(one, name) for one in part) for part in parts] for name in figures}
    return {
        "exit_code": exit_code,
        "wall_s": round(wall_s, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "largest_memory_mb": max(one.memory_mb for one in looks),
        "largest_staging_mb": max(one.staging_mb for one in looks),
        "second_and_last_quarter": medians,
    }


if __name__ == "__main__":
    sys.exit(main())

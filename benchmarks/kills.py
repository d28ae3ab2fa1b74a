"""Builds that are killed and run again: each must end in the bytes of one that nothing disturbed.

    python -m benchmarks.kills --output URI --count 50 INPUT ... [--flag=--set=...]

Builds INPUT once undisturbed into URI/undisturbed; then `--count` times: starts the build into an output of its own,
kills something of it with SIGKILL at a random moment (in turn the launcher, a worker, a process that a worker started,
everything), waits until all its processes have ended, and runs the same command again. URI is a folder or a store
(reached as AWS_ENDPOINT_URL says). Prints a line for each kill, then one JSON line; exit code 1 where bytes differ or a
second run fails.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import fsspec

from benchmarks.processes import session_of

_ROOT = Path(__file__).resolve().parents[1]
_DATA = ("shards", "manifests")
_END_LIMIT_S = 120.0  # for what a kill leaves behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill, and its result."""

    target: str
    at_share: float  # of the undisturbed build's time
    first_exit_code: int
    second_exit_code: int
    same_bytes: bool
    second_share: float  # time of the second run, of the undisturbed build's time
    left_s: float  # until the last process of the killed run ended


def main(argv: list[str] | None = None) -> int:
    """Run the builds; 1 where one ended otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    parser.add_argument("--output", required=True, metavar="URI")
    parser.add_argument("--count", type=int, default=50, help="kills (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--flag", action="append", default=[], help="of every build")
    args = parser.parse_args(argv)

    def command(name: str) -> list[str]:
        build = [sys.executable, str(_ROOT / "beam_runner.py"), "--output", f"{args.output}/{name}", *args.flag]
        return [*build, "--input", *args.inputs]

    began = time.monotonic()
    subprocess.run(command("undisturbed"), check=True, stdout=subprocess.DEVNULL)
    whole_s, expected = time.monotonic() - began, _hashes(f"{args.output}/undisturbed")
    chosen = random.Random(args.seed)
    kills = []
    for number in range(args.count):
        target = list(_TARGETS)[number % len(_TARGETS)]
        kills.append(_kill(command(f"kill-{number:03d}"), target, chosen, whole_s))
        kills[-1] = _with_bytes(kills[-1], _hashes(f"{args.output}/kill-{number:03d}") == expected)
        print(json.dumps(asdict(kills[-1])), flush=True)
    print(json.dumps(_summary(kills, whole_s)))
    return 0 if all(kill.same_bytes and kill.second_exit_code == 0 for kill in kills) else 1


def _kill(command: list[str], target: str, chosen: random.Random, whole_s: float) -> Kill:
    """Start, kill, wait, and run again."""
    at_share = chosen.uniform(0.05, 0.95)
    build = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    ends_at = time.monotonic() + at_share * whole_s
    while time.monotonic() < ends_at or not (found := _TARGETS[target](build.pid)):
        time.sleep(0.05)
        if build.poll() is not None:
            found = []
            break
    for process in found if target == "everything" else [chosen.choice(found)] if found else []:
        _end(process)
    first, left_s = _wait(build)
    began = time.monotonic()
    second = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    took_s = time.monotonic() - began
    if second.returncode:
        print(second.stderr[-2000:], file=sys.stderr)
    return Kill(
        target=target,
        at_share=round(at_share, 2),
        first_exit_code=first,
        second_exit_code=second.returncode,
        same_bytes=False,
        second_share=round(took_s / whole_s, 2),
        left_s=round(left_s, 1),
    )


def _with_bytes(kill: Kill, same_bytes: bool) -> Kill:
    return Kill(**{**asdict(kill), "same_bytes": same_bytes})


def _wait(build: subprocess.Popen) -> tuple[int, float]:
    """Exit code of the build, and the seconds until the last of its processes ended after it."""
    code, began = build.wait(), time.monotonic()
    while session_of(build.pid) and time.monotonic() - began < _END_LIMIT_S:
        time.sleep(0.05)
    left_s = time.monotonic() - began
    for process in session_of(build.pid):
        _end(process)
    return code, left_s


def _end(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def _is_worker(process: int) -> bool:
    try:
        return b"sdk_worker" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def _workers(launcher: int) -> list[int]:
    return [one for one in session_of(launcher) if _is_worker(one)]


def _children(launcher: int) -> list[int]:
    return [one for one in session_of(launcher) if one != launcher and not _is_worker(one)]


_TARGETS: dict[str, Callable[[int], list[int]]] = {
    "launcher": lambda launcher: [launcher],
    "worker": _workers,
    "child": _children,
    "everything": session_of,
}


def _hashes(dataset: str) -> dict[str, str]:
    """sha256 of each object of a dataset, by its path below it."""
    store, root = fsspec.url_to_fs(dataset)
    paths = [path for folder in _DATA for path in store.find(f"{root}/{folder}")]
    return {path.removeprefix(root): hashlib.sha256(store.cat_file(path)).hexdigest() for path in sorted(paths)}


def _summary(kills: list[Kill], whole_s: float) -> dict[str, object]:
    late = [kill.second_share for kill in kills if 0.75 <= kill.at_share <= 0.85 and kill.first_exit_code]
    return {
        "kills": len(kills),
        "same_bytes": sum(kill.same_bytes for kill in kills),
        "survived": sum(not kill.first_exit_code for kill in kills),
        "whole_s": round(whole_s, 1),
        "second_share": round(statistics.median(kill.second_share for kill in kills), 2),
        "second_share_after_80": round(statistics.median(late), 2) if late else None,
        "longest_left_s": max(kill.left_s for kill in kills),
    }


if __name__ == "__main__":
    sys.exit(main())

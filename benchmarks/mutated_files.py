"""Mutated media files through `probe`, `mfcc` and `build`: none may end by a signal, hang, or have no row.

    python -m benchmarks.mutated_files --output DIR --count 400 --of 5000 FILE ...

Makes `--of` mutated copies of the given files, the same for the same seed, and decodes each for a moment in a child
process. The `--count` nastiest (the child died or hung, else it took most CPU beside the file it was made of) stay in
DIR/files; each goes through `probe` and `mfcc` in a process of its own, and all together through one `build`. What the
commands print is in DIR/printed. Prints one JSON line, then names; exit code 1 where a promise was broken.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np

from benchmarks.mutations import MUTATIONS, mutate
from schemas.stored.tables import stored_table
from transforms.beam_support.child_process import ChildDied, ChildProcess
from transforms.media.channel_layout import keep_layout, settle_layout

_ROOT = Path(__file__).resolve().parents[1]
_LOOK_S, _LOOK_FRAMES = 10.0, 40
_TICK_S = 0.004  # the kernel counts the CPU time of a process with a limit in steps of this
_HUNG = -1000  # exit code of what had to be ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The promises that were broken, by file name or by step."""

    died: list[str]
    hung: list[str]
    without_row: list[str]
    bugs: list[str]  # failures of kind bug: a row, but not the right one
    tracebacks: list[str]  # a command showed one, where a line that names the file was due


def main(argv: list[str] | None = None) -> int:
    """Make the files, run the commands, print what broke; 1 where something did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="small media files")
    parser.add_argument("--output", type=Path, required=True, help="a new folder for files, dataset and results")
    parser.add_argument("--count", type=int, default=400, help="files that are run (default: %(default)s)")
    parser.add_argument("--of", type=int, default=0, help="files they are chosen from (default: --count)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (default: %(default)s)")
    parser.add_argument("--limit_s", type=float, default=180, help="for one probe or mfcc (default: %(default)s)")
    parser.add_argument("--build_limit_s", type=float, default=7200, help="for the build (default: %(default)s)")
    parser.add_argument("--commands", default="probe,mfcc,build", help="which to run (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the build")
    args = parser.parse_args(argv)
    mutated = make_files(args.files, args.output / "files", max(args.of, args.count), args.seed)
    chosen = nastiest(mutated, args.count, args.jobs)
    for path in mutated.keys() - set(chosen):
        path.unlink()
    broken = run_commands(chosen, args.output, args.commands.split(","), args)
    counts = {name: len(getattr(broken, name)) for name in broken.__slots__}
    print(json.dumps({"files": len(chosen), "of": len(mutated), "seed": args.seed, **counts}))
    print(json.dumps({name: getattr(broken, name)[:20] for name in broken.__slots__}, indent=1))
    return 1 if any(counts.values()) else 0


def make_files(sources: list[Path], folder: Path, count: int, seed: int) -> dict[Path, Path]:
    """Write the mutated copies: each kind of mutation of each source in turn; number and seed decide the rest.

    Returns each copy with the source it was made of.
    """
    folder.mkdir(parents=True)
    contents = [path.read_bytes() for path in sources]
    made = {}
    for number in range(count):
        kind = list(MUTATIONS)[number % len(MUTATIONS)]
        source = number // len(MUTATIONS) % len(sources)
        path = folder / f"{number:05d}_{kind}{sources[source].suffix}"
        path.write_bytes(mutate(contents[source], kind, np.random.default_rng([seed, number])))
        made[path] = sources[source]
    return made


def nastiest(source_of: dict[Path, Path], count: int, jobs: int) -> list[Path]:
    """The files that cost a decoder most beside the sources they were made of, in the order of their names."""
    paths = list(source_of)
    if count >= len(paths):
        return paths
    usual_s = {path: max(cost_s, _TICK_S) for path, cost_s in _costs(sorted(set(source_of.values())))}
    with ThreadPoolExecutor(jobs) as pool:
        costs = [one for part in pool.map(_costs, [paths[start::jobs] for start in range(jobs)]) for one in part]
    order = sorted(((cost_s / min(usual_s[source_of[path]], _LOOK_S), path) for path, cost_s in costs), reverse=True)
    return sorted(path for _, path in order[:count])


def decode_a_moment(path: str) -> float:
    """Seconds of CPU that opening the file and decoding some frames took; in a child, for it may die."""
    start = time.process_time()
    with suppress(av.error.FFmpegError, OSError, ValueError, IndexError), av.open(path) as container:
        for stream in container.streams.audio:
            settle_layout(stream)
        for stream in [*container.streams.video[:1], *container.streams.audio[:1]]:
            container.seek(0)
            for frame in islice(container.decode(stream), _LOOK_FRAMES):
                if isinstance(frame, av.AudioFrame):
                    keep_layout(frame)
    return time.process_time() - start


def run_commands(paths: list[Path], output: Path, commands: list[str], args: argparse.Namespace) -> Broken:
    """Run the commands over the files; what broke."""
    calls = [("probe", [str(path)]) for path in paths] if "probe" in commands else []
    if "mfcc" in commands:
        calls += [("mfcc", [str(path), "--preset", "speech2vid", "--output", os.devnull]) for path in paths]
    printed = output / "printed"
    printed.mkdir()
    with ThreadPoolExecutor(args.jobs) as pool:
        codes = list(pool.map(lambda call: _exit_code(call[0], call[1], args.limit_s, printed), calls))
    ended = {f"{name} {Path(rest[0]).name}": code for (name, rest), code in zip(calls, codes, strict=True)}
    missing: list[str] = []
    bugs: list[str] = []
    if "build" in commands:
        dataset = output / "dataset"
        flags = ["--input", str(output / "files"), "--output", str(dataset), "--max_failed_share", "1"]
        flags += ["--max_bugs", str(len(paths)), *(flag for text in args.set for flag in ("--set", text))]
        ended["build"] = _exit_code("build", flags, args.build_limit_s, printed)
        missing, bugs = _rows_of(dataset, paths)
    return Broken(
        died=sorted(call for call, code in ended.items() if code < 0 and code != _HUNG),
        hung=sorted(call for call, code in ended.items() if code == _HUNG),
        without_row=missing,
        bugs=bugs,
        tracebacks=[one.stem for one in sorted(printed.iterdir()) if "Traceback" in one.read_text(errors="replace")],
    )


def _costs(paths: list[Path]) -> list[tuple[Path, float]]:
    child = ChildProcess(_LOOK_S)
    try:
        for path in paths[:1]:
            _seconds(child, path)  # the first file decoded in a process also pays for the decoders' set-up
        return [(path, _seconds(child, path)) for path in paths]
    finally:
        child.close()


def _seconds(child: ChildProcess, path: Path) -> float:
    try:
        return child.call(decode_a_moment, str(path))
    except ChildDied:
        return float("inf")


def _exit_code(command: str, arguments: list[str], limit_s: float, printed: Path) -> int:
    """The exit code of a command, or _HUNG; what it prints goes into the folder `printed`."""
    call = [sys.executable, "-m", "talkshard", command, *arguments]
    name = command if command == "build" else f"{command} {Path(arguments[0]).name}"
    with open(printed / f"{name}.txt", "wb") as text:
        process = subprocess.Popen(call, cwd=_ROOT, stdout=text, stderr=subprocess.STDOUT)
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            code = _HUNG
        text.write(f"exit code: {code}\n".encode())
    return code


def _rows_of(dataset: Path, paths: list[Path]) -> tuple[list[str], list[str]]:
    """Files without a row that says what happened to them; files with a failure of kind bug."""
    from transforms.beam_support.storage import path_of  # here, because it loads Beam and children import this module
    from transforms.media.source_names import found_uri

    if not (dataset / "manifests").is_dir():
        return [path.name for path in paths], []
    sources = {row["source_id"]: row["uris"] for row in stored_table(str(dataset), "sources").to_pylist()}
    told = {
        row["source_id"]
        for table in ("decisions", "failures", "clips")
        for row in stored_table(str(dataset), table, ["source_id"]).to_pylist()
    }
    named = {os.path.basename(path_of(found_uri(uri, "/"))) for source_id in told for uri in sources.get(source_id, ())}
    failures = stored_table(str(dataset), "failures").to_pylist()
    bugs = {os.path.basename(path_of(found_uri(row["source_uri"], "/"))) for row in failures if row["kind"] == "bug"}
    return [path.name for path in paths if path.name not in named], sorted(bugs)


if __name__ == "__main__":
    sys.exit(main())

"""Core-seconds of the dataset graph, how near they are to their bound, and the peak memory.

    python -m benchmarks.throughput --input FILE_OR_FOLDER --output DIR [--workers 1,2] [--small FILE]

Runs `talkshard build` once for each number of workers, in its own processes, and reads the counters that the run wrote.
Core-seconds are the CPU time of the runner and all its children; memory is the sum of their proportional set sizes,
sampled twice a second.

- The bound is the CPU time of TrackFaces (decode, cuts, detect, mesh, tube): what a build without any other cost takes.
- Start-up is what the line through two builds leaves at no video: that of the input and that of one small file.
- The baseline (benchmarks/syncnet_baseline.py) runs in the same run, so that machines are compared by their ratio.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.environment import ONE_THREAD
from schemas.clock import FRAME_RATE
from transforms.sources.listing import MEDIA_SUFFIXES

_ROOT = Path(__file__).resolve().parents[1]
_SAMPLE_S = 0.5
_CPU = "TrackFaces/cpu_msec"
_ENVIRONMENT = {**os.environ, **ONE_THREAD}


def main(argv: list[str] | None = None) -> int:
    """Measure and print one JSON line for the baseline, and one for each number of workers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True, help="what `talkshard build --input` takes: a file or a folder")
    parser.add_argument("--output", required=True, help="folder for the datasets, which are deleted afterwards")
    parser.add_argument(
        "--workers", default="1,2", help="numbers of workers, separated by commas (default: %(default)s)"
    )
    parser.add_argument("--small", help="a short video for the start-up (default: the smallest file of --input)")
    args = parser.parse_args(argv)
    yardstick = run_baseline(args.input)
    print(json.dumps({"baseline": yardstick}), flush=True)
    small = args.small or smallest_file(Path(args.input))
    for workers in (int(text) for text in args.workers.split(",")):
        whole = measure(args.input, Path(args.output, f"workers-{workers}"), workers)
        one = measure(small, Path(args.output, f"small-{workers}"), workers)
        print(json.dumps(asdict(whole) | shares(whole, one, yardstick["core_s_per_video_s"])), flush=True)
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One build."""

    exit_code: int
    workers: int
    video_s: float
    wall_s: float
    cpu_s: float
    kernel_cpu_s: float  # CPU time of TrackFaces: the bound
    kernel_s_per_video_s: dict[str, float]  # by the clock on the wall
    peak_memory_mb: int
    peak_process_mb: int


def run_baseline(source: str) -> dict[str, float]:
    """What the baseline prints."""
    command = [sys.executable, "-m", "benchmarks.syncnet_baseline", source]
    printed = subprocess.run(command, cwd=_ROOT, env=_ENVIRONMENT, check=True, capture_output=True, text=True).stdout
    return json.loads(printed)


def smallest_file(source: Path) -> str:
    """The smallest file of a folder; a file itself."""
    files = [path for path in source.rglob("*") if path.is_file() and path.suffix in MEDIA_SUFFIXES]
    return str(min(files, key=lambda path: path.stat().st_size, default=source))


def measure(source: str, output: Path, workers: int) -> Measured:
    """Build once."""
    shutil.rmtree(output, ignore_errors=True)
    cpu_before_s, start = _children_cpu_s(), time.monotonic()
    build = _start_build(source, output, workers)
    peaks: dict[str, int] = {}
    watcher = threading.Thread(target=_watch, args=(build, peaks))
    watcher.start()
    exit_code = build.wait()
    watcher.join()
    wall_s, cpu_s = time.monotonic() - start, _children_cpu_s() - cpu_before_s
    counters = json.loads((output / "run.json").read_text())["counters"]
    shutil.rmtree(output)
    video_s = counters["TrackFaces/frames"] / FRAME_RATE
    return Measured(
        exit_code=exit_code,
        workers=workers,
        video_s=video_s,
        wall_s=round(wall_s, 1),
        cpu_s=round(cpu_s, 1),
        kernel_cpu_s=counters[_CPU] / 1000,
        kernel_s_per_video_s=_kernel_shares(counters, video_s),
        peak_memory_mb=peaks.get("all", 0),
        peak_process_mb=peaks.get("one", 0),
    )


def shares(whole: Measured, small: Measured, baseline: float) -> dict[str, float | None]:
    """How near a build is to its bound, and to the baseline, core-seconds a second of video.

    None where the small build has as much video as the whole: start-up is not known then.
    """
    start_up_s = start_up_cpu_s(whole, small)
    running_s = None if start_up_s is None else whole.cpu_s - start_up_s
    return {
        "core_s_per_video_s": round(whole.cpu_s / whole.video_s, 4),
        "bound_core_s_per_video_s": round(whole.kernel_cpu_s / whole.video_s, 4),
        "share_of_bound": round(whole.kernel_cpu_s / whole.cpu_s, 3),
        "start_up_cpu_s": None if start_up_s is None else round(start_up_s, 1),
        "share_of_bound_without_start_up": None if running_s is None else round(whole.kernel_cpu_s / running_s, 3),
        "times_baseline_without_start_up": (
            None if running_s is None else round(running_s / whole.video_s / baseline, 2)
        ),
    }


def start_up_cpu_s(whole: Measured, small: Measured) -> float | None:
    """CPU seconds at no video, on the line through two builds; None where they have the same video."""
    more_s = whole.video_s - small.video_s
    return (small.cpu_s * whole.video_s - whole.cpu_s * small.video_s) / more_s if more_s > 0 else None


def _start_build(source: str, output: Path, workers: int) -> subprocess.Popen:
    command = [sys.executable, str(_ROOT / "beam_runner.py"), "--input", source, "--output", str(output)]
    runner = ["--runner=FnApiRunner", "--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"]
    return subprocess.Popen([*command, *runner], stdout=subprocess.DEVNULL, env=_ENVIRONMENT)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _kernel_shares(counters: dict[str, int], video_s: float) -> dict[str, float]:
    """Seconds of each timed kernel of TrackFaces per second of video."""
    return {
        name.removeprefix("TrackFaces/").removesuffix("_msec"): round(value / 1000 / video_s, 4)
        for name, value in sorted(counters.items())
        if name.startswith("TrackFaces/") and name.endswith("_msec") and name != _CPU
    }


def _watch(build: subprocess.Popen, peaks: dict[str, int]) -> None:
    while build.poll() is None:
        sizes = [_proportional_mb(process) for process in _family(build.pid)]
        peaks["all"] = max(peaks.get("all", 0), sum(sizes))
        peaks["one"] = max(peaks.get("one", 0), max(sizes, default=0))
        time.sleep(_SAMPLE_S)


def _family(root: int) -> list[int]:
    """Process ids of a process and all its descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue  # the process has ended meanwhile
    family = [root]
    for process in family:
        family += [child for child, parent in parents.items() if parent == process]
    return family


def _proportional_mb(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # the process has ended meanwhile
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) // 1024


if __name__ == "__main__":
    sys.exit(main())

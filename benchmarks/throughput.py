"""Video seconds per core-second of the dataset graph, the time of each kernel, and the peak memory.

    python -m benchmarks.throughput --input FILE_OR_FOLDER --output DIR [--workers 1,2]

Runs `talkshard build` once for each number of workers, in its own processes, and reads the counters that the run wrote.
Core-seconds are the CPU time of the runner and all its children; memory is the sum of their proportional set sizes,
sampled twice a second.
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
from pathlib import Path

from schemas.clock import FRAME_RATE

_ROOT = Path(__file__).resolve().parents[1]
_SAMPLE_S = 0.5


def main(argv: list[str] | None = None) -> int:
    """Measure and print one JSON line for each number of workers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True, help="what `talkshard build --input` takes")
    parser.add_argument("--output", required=True, help="folder for the datasets, which are deleted afterwards")
    parser.add_argument(
        "--workers", default="1,2", help="numbers of workers, separated by commas (default: %(default)s)"
    )
    args = parser.parse_args(argv)
    for workers in (int(text) for text in args.workers.split(",")):
        print(json.dumps(measure(args.input, Path(args.output, f"workers-{workers}"), workers)))
    return 0


def measure(source: str, output: Path, workers: int) -> dict[str, object]:
    """One build: wall and CPU seconds, video seconds, shares of the kernels of TrackFaces, peak memory in MB."""
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
    return {
        "exit_code": exit_code,
        "workers": workers,
        "video_s": video_s,
        "wall_s": round(wall_s, 1),
        "cpu_s": round(cpu_s, 1),
        "video_s_per_core_s": round(video_s / cpu_s, 2),
        "kernel_s_per_video_s": _kernel_shares(counters, video_s),
        "peak_memory_mb": peaks.get("all"),
        "peak_process_mb": peaks.get("one"),
    }


def _start_build(source: str, output: Path, workers: int) -> subprocess.Popen:
    command = [sys.executable, str(_ROOT / "beam_runner.py"), "--input", source, "--output", str(output)]
    runner = ["--runner=FnApiRunner", "--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"]
    return subprocess.Popen([*command, *runner], stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _kernel_shares(counters: dict[str, int], video_s: float) -> dict[str, float]:
    """Seconds of each timed kernel of TrackFaces per second of video."""
    return {
        name.removeprefix("TrackFaces/").removesuffix("_msec"): round(value / 1000 / video_s, 4)
        for name, value in sorted(counters.items())
        if name.startswith("TrackFaces/") and name.endswith("_msec")
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

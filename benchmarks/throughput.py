"""Video seconds per core-second of the dataset graph, the share of each kernel, and its peak memory.

    python -m benchmarks.throughput --input FILE_OR_FOLDER --output DIR [--workers 1,2]

Runs `talkshard build` once for each number of workers, in processes of its own, and reads the counters that the run
wrote. Core-seconds are the CPU time of the runner and all its children; memory is the sum of their proportional set
sizes, sampled twice a second.
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

_ROOT = Path(__file__).resolve().parents[1]
_SAMPLE_S = 0.5


def main(argv: list[str] | None = None) -> int:
    """Measure and print one JSON line a number of workers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True, help="what `talkshard build --input` takes")
    parser.add_argument("--output", required=True, help="folder for the datasets that are built and deleted again")
    parser.add_argument("--workers", default="1,2", help="numbers of workers, comma between (default 1,2)")
    options = parser.parse_args(argv)
    for workers in (int(text) for text in options.workers.split(",")):
        print(json.dumps(measure(options.input, Path(options.output, f"workers-{workers}"), workers)))
    return 0


def measure(source: str, output: Path, workers: int) -> dict[str, object]:
    """One build: wall and CPU seconds, video seconds, shares of the kernels of TrackFaces, peak memory in MB."""
    shutil.rmtree(output, ignore_errors=True)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    build = subprocess.Popen(
        [
            sys.executable,
            str(_ROOT / "beam_runner.py"),
            "--input",
            source,
            "--output",
            str(output),
            "--runner=FnApiRunner",
            "--direct_running_mode=multi_processing",
            f"--direct_num_workers={workers}",
        ],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    peaks: dict[str, int] = {}
    watcher = threading.Thread(target=_watch, args=(build, peaks))
    watcher.start()
    exit_code = build.wait()
    watcher.join()
    wall_s, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    counters = json.loads((output / "run.json").read_text())["counters"]
    shutil.rmtree(output)
    video_s = counters["TrackFaces/frames"] / 25
    return {
        "exit_code": exit_code,
        "workers": workers,
        "video_s": video_s,
        "wall_s": round(wall_s, 1),
        "cpu_s": round(cpu_s, 1),
        "video_s_per_core_s": round(video_s / cpu_s, 2),
        "kernel_s_per_video_s": {
            name.removeprefix("TrackFaces/").removesuffix("_msec"): round(value / 1000 / video_s, 4)
            for name, value in sorted(counters.items())
            if name.startswith("TrackFaces/") and name.endswith("_msec")
        },
        "peak_memory_mb": peaks.get("all"),
        "peak_process_mb": peaks.get("one"),
    }


def _watch(build: subprocess.Popen, peaks: dict[str, int]) -> None:
    while build.poll() is None:
        sizes = [_proportional_mb(process) for process in _family(build.pid)]
        peaks["all"] = max(peaks.get("all", 0), sum(sizes))
        peaks["one"] = max(peaks.get("one", 0), max(sizes, default=0))
        time.sleep(_SAMPLE_S)


def _family(root: int) -> list[int]:
    """A process and all its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue  # it ended while we looked
    family = [root]
    for process in family:
        family += [child for child, parent in parents.items() if parent == process]
    return family


def _proportional_mb(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it ended while we looked
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) // 1024


if __name__ == "__main__":
    sys.exit(main())

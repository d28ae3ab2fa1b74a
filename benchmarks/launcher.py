"""What a launcher needs for many names: CPU time and memory from the table of --sources to the job's graph.

    python -m benchmarks.launcher --output DIR --names 10000 100000 1000000

Each number of names runs in a process of its own, with a speaker for ten names and a split for every second speaker.
Prints a Markdown table.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.peak_memory import peak_mb


def main(argv: list[str] | None = None) -> int:
    """Write the tables and print what each launch costs; or, in a child process, launch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="a folder for the tables of names")
    parser.add_argument("--names", nargs="+", type=int, default=[10_000])
    parser.add_argument("--table", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.table:
        print(json.dumps(cost_of_launch(args.table, args.output)))
        return 0
    args.output.mkdir(parents=True, exist_ok=True)
    print("| names | CPU s | wall s | peak MB | graph MB |\n|---:|---:|---:|---:|---:|")
    for number in args.names:
        table = args.output / f"{number}.csv"
        _write_table(table, number)
        command = [sys.executable, "-m", "benchmarks.launcher", "--output", str(args.output / "out"), "--table", table]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        cost = json.loads(done.stdout.splitlines()[-1])
        numbers = f"{cost['cpu_s']:.1f} | {cost['wall_s']:.1f} | {cost['peak_mb']:.0f} | {cost['graph_mb']:.2f}"
        print(f"| {number:,} | {numbers} |", flush=True)
    return 0


def cost_of_launch(table: Path, output: Path) -> dict[str, float]:
    """Do what a launcher does before it hands a job over."""
    import apache_beam as beam

    from pipeline.graph import build_graph
    from pipeline.launch import begin
    from pipeline.options import parse_plan

    began = time.monotonic()
    plan = begin(parse_plan(["--sources", str(table), "--output", str(output)], "talkshard build"))
    pipeline = beam.Pipeline()
    build_graph(pipeline, plan)
    graph = pipeline.to_runner_api().SerializeToString()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": used.ru_utime + used.ru_stime,
        "wall_s": time.monotonic() - began,
        "peak_mb": peak_mb(),
        "graph_mb": len(graph) / 1e6,
    }


def _write_table(table: Path, number: int) -> None:
    with open(table, "w", encoding="utf-8") as file:
        file.write("uri,speaker,split\n")
        for name in range(number):
            split = ("train", "")[name // 10 % 2]
            file.write(
                f"/videos/{name // 1000:05d}/a video of some length {name:09d}.mp4,speaker {name // 10},{split}\n"
            )


if __name__ == "__main__":
    raise SystemExit(main())

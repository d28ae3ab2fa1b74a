"""Where the CPU time of a build goes: kernels of TrackFaces, the other work, start-up. Written as a page.

    python -m benchmarks.profile --input FOLDER [--pattern '*.mpg'] --output docs/profile.md

Builds the folder's first recording alone, then all of them, with one worker, in processes of their own. What the others
add is the cost of a second of video; what is left of the first build without its own seconds is start-up.
"""

import argparse
import glob
import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from schemas.clock import FRAME_RATE

_ROOT = Path(__file__).resolve().parents[1]
_SAMPLE_S = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")
_LAUNCHER, _WORKER, _SERVER, _CHILD = "launcher", "worker", "fork server", "guarded children"
_ROLES = {"forkserver": _SERVER, "spawn_main": _CHILD, "sdk_worker_main": _WORKER}
"""Part of a command line -> kind of process; the first one found counts."""
_KERNELS = ("decode", "cuts", "detect", "mesh", "tube")
_STAGES = ("PrepareVideos", "TrackFaces", "FindSpeakers", "CutClips")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBuild:
    """CPU seconds of a build."""

    cpu_s: float  # of all its processes
    video_s: float
    process_s: dict[str, float]  # kind of process -> CPU seconds, sampled
    kernel_s: dict[str, float]  # kernel of TrackFaces -> CPU seconds
    stage_s: dict[str, float]  # stage -> CPU seconds of its work on elements


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """CPU time by part: what a second of video costs, and start-up."""

    kernel_ms: dict[str, float]  # kernel of TrackFaces -> milliseconds a second of video
    rest_ms: dict[str, float]  # other work -> milliseconds a second of video
    start_up_s: dict[str, float]  # kind of process -> seconds

    @property
    def rest_share(self) -> float:
        """Share of all but the kernels, without start-up."""
        rest_ms = sum(self.rest_ms.values())
        return rest_ms / (rest_ms + sum(self.kernel_ms.values()))


def main(argv: list[str] | None = None) -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True, help="folder of recordings")
    parser.add_argument("--pattern", default="*", help="names of the recordings in it (default: all)")
    parser.add_argument("--output", required=True, help="the page")
    args = parser.parse_args(argv)
    recordings = sorted(glob.glob(os.path.join(glob.escape(args.input), args.pattern)))
    one, whole = measured_build(recordings[:1]), measured_build(recordings)
    command = shlex.join(["python", "-m", "benchmarks.profile", *(sys.argv[1:] if argv is None else argv)])
    Path(args.output).write_text(page(profile_of(one, whole), whole, len(recordings), command))
    return 0


def measured_build(recordings: list[str]) -> MeasuredBuild:
    """Build these recordings with one worker, and measure."""
    with tempfile.TemporaryDirectory(prefix="talkshard-profile-") as folder:
        command = [
            sys.executable,
            str(_ROOT / "beam_runner.py"),
            "--input",
            *recordings,
            "--output",
            f"{folder}/dataset",
        ]
        options = ["--runner=FnApiRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=1"]
        before = _children_cpu_s()
        build = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process_s = _watched(build)
        if build.returncode != 0:
            raise SystemExit(f"the build of {recordings[0]!r} and {len(recordings) - 1} more failed")
        counters = json.loads(Path(folder, "dataset", "run.json").read_text())["counters"]
    return MeasuredBuild(
        cpu_s=_children_cpu_s() - before,
        video_s=counters["TrackFaces/frames"] / FRAME_RATE,
        process_s=process_s,
        kernel_s={name: counters[f"TrackFaces/{name}_msec"] / 1000 for name in _KERNELS},
        stage_s={stage: counters[f"{stage}/cpu_usec"] / 1e6 for stage in _STAGES},
    )


def profile_of(one: MeasuredBuild, whole: MeasuredBuild) -> Profile:
    """What the build of all recordings adds to the build of one of them, and what is left of that one."""
    seconds = whole.video_s - one.video_s

    def rates(of_one: dict[str, float], of_whole: dict[str, float]) -> dict[str, float]:
        return {name: (of_whole[name] - of_one[name]) / seconds for name in of_one}

    kernels, stages = rates(one.kernel_s, whole.kernel_s), rates(one.stage_s, whole.stage_s)
    cpu = (whole.cpu_s - one.cpu_s) / seconds
    rest = {
        "`TrackFaces` beyond its kernels": stages["TrackFaces"] - sum(kernels.values()),
        **{f"`{stage}`": rate for stage, rate in stages.items() if stage != "TrackFaces"},
        "Beam, hashing, shards, manifests, report": cpu - sum(stages.values()),
    }
    processes = rates(one.process_s, whole.process_s)
    return Profile(
        kernel_ms={f"`TrackFaces`: {name}": 1000 * rate for name, rate in kernels.items()},
        rest_ms={name: 1000 * rate for name, rate in rest.items()},
        start_up_s={name: one.process_s[name] - rate * one.video_s for name, rate in processes.items()},
    )


def page(profile: Profile, whole: MeasuredBuild, num_recordings: int, command: str) -> str:
    """The page, in Markdown."""
    work = [
        *profile.kernel_ms.items(),
        ("**kernels**", sum(profile.kernel_ms.values())),
        *profile.rest_ms.items(),
        ("**the rest**", sum(profile.rest_ms.values())),
    ]
    return _PAGE.format(
        command=command,
        num_recordings=num_recordings,
        video_s=whole.video_s,
        cpu_s=whole.cpu_s,
        per_s=whole.cpu_s / whole.video_s,
        start_up_s=sum(profile.start_up_s.values()),
        rest_share=profile.rest_share,
        work="\n".join(f"| {name} | {value:.1f} |" for name, value in work),
        start_up="\n".join(f"| {name} | {value:.1f} |" for name, value in profile.start_up_s.items()),
    )


def _watched(build: subprocess.Popen) -> dict[str, float]:
    """Kind of process -> CPU seconds, as last seen before each process ended."""
    seen: dict[int, tuple[str, float]] = {}
    while build.poll() is None:
        seen |= _family(build.pid)
        time.sleep(_SAMPLE_S)
    found = dict.fromkeys((_LAUNCHER, _WORKER, _SERVER, _CHILD), 0.0)
    for role, cpu_s in seen.values():
        found[role] += cpu_s
    return found


def _family(root: int) -> dict[int, tuple[str, float]]:
    """Process id -> kind and CPU seconds, of a process and all its descendants."""
    parents, times, commands = {}, {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                command = (entry / "cmdline").read_text()
            except OSError:
                continue  # the process has ended meanwhile
            if not command:
                continue  # it has ended, and its parent does not know yet
            commands[int(entry.name)] = command
            parents[int(entry.name)] = int(fields[1])
            times[int(entry.name)] = (int(fields[11]) + int(fields[12])) / _TICKS
    if root not in times:
        return {}
    found = {root: (_LAUNCHER, times[root])}
    family = [root]
    for process in family:
        children = [child for child, parent in parents.items() if parent == process]
        family += children
        for child in children:
            role = next((role for word, role in _ROLES.items() if word in commands[child]), found[process][0])
            is_forked = role == _SERVER and found[process][0] == _SERVER  # a child has its server's command line
            found[child] = (_CHILD if is_forked else role, times[child])
    return found


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


_PAGE = """# Where the time goes

Written by `benchmarks/profile.py`. Numbers are CPU time, user and system, of all processes of a build with one worker.

    {command}

{num_recordings} recordings, {video_s:.0f} s of video: {cpu_s:.0f} core-seconds, {per_s:.3f} a second of video, of which
{start_up_s:.1f} core-seconds are start-up. Without start-up the rest is {rest_share:.2f} of the whole.

| work | ms of CPU a second of video |
|---|---|
{work}

Start-up: imports, models, the graph, Beam's worker and channels, the report.

| process | core-seconds |
|---|---|
{start_up}

Each worker has a fork server, which imports Beam once for its guarded children. A build with more workers has the
launcher's start-up once and that of the others for each worker.
"""


if __name__ == "__main__":
    sys.exit(main())

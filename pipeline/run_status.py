"""How far a run is, or how it ended, read from its output: the owner's mark, run.json, and the marks in staging."""

import dataclasses
import datetime
from dataclasses import dataclass
from typing import Any

from pipeline.output import RUN_STAGING, latest_run
from pipeline.owner import Owner, owner_of
from pipeline.plural import number_of
from pipeline.progress import Progress, clock_text, read_progress
from schemas.errors import UsageError
from schemas.generations import DATASET
from transforms.beam_support import storage
from transforms.beam_support.worker_tallies import ElementTime, cpu_s_of_stages, read_tally

RUN = "run.json"  # of the first generation: whatever came after, it is there
RUNNING, STOPPED, ENDED = "running", "stopped", "ended"
SLOWEST_SHOWN = 5  # of a stage


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """A run as its output shows it."""

    output: str
    state: str  # running; stopped: it ended without a verdict; ended: run.json holds its verdict
    started: str  # UTC
    finished: str  # UTC; "": not yet
    owner: Owner | None  # who left the mark, alive or not
    progress: Progress | None  # from the marks in staging; None once the run has ended
    verdict: dict[str, Any]  # that of run.json; empty before the end
    has_dataset: bool  # of this run, or of one before
    cpu_s: dict[str, float]  # stage -> CPU seconds
    slowest: tuple[ElementTime, ...]  # sources and windows of each stage, slowest first


def run_status(output: str) -> RunStatus:
    """Read the status of the run in an output. UsageError: no build wrote there."""
    owner = owner_of(output)
    if not storage.exists(storage.join(output, RUN)):
        raise UsageError(f"{output} has no {RUN}: give the folder or URL that talkshard build writes to")
    run = latest_run(output)
    if "recipe" not in run:
        raise UsageError(f"{output}/{RUN} was written by another program")
    is_alive = owner is not None and owner.is_alive(output)
    has_ended = "finished" in run
    state = RUNNING if is_alive else ENDED if has_ended else STOPPED
    progress, cpu_s, slowest = None, run.get("cpu_s", {}), [ElementTime(**one) for one in run.get("slowest", [])]
    if not has_ended:
        staging = storage.join(output, RUN_STAGING)
        progress, tally = read_progress(staging, run["num_inputs"]), read_tally(staging)
        cpu_s, slowest = cpu_s_of_stages(tally), list(tally.slowest)
    return RunStatus(
        output=output,
        state=state,
        started=run["started"],
        finished=run.get("finished", ""),
        owner=owner,
        progress=progress,
        verdict=run.get("verdict", {}),
        has_dataset=storage.exists(storage.join(output, DATASET)),
        cpu_s=cpu_s,
        slowest=tuple(slowest),
    )


def status_record(status: RunStatus) -> dict[str, Any]:
    """The status for machines."""
    record = dataclasses.asdict(status)
    if status.owner:
        record["owner"]["is_alive"] = status.owner.is_alive(status.output)
    if status.progress:
        record["progress"] |= {"rate": status.progress.rate, "left_s": status.progress.left_s}
    return record


def status_lines(status: RunStatus) -> list[str]:
    """The status for people."""
    lines = [f"{status.state}: {status.output}, begun {status.started}{_who(status)}"]
    if status.progress:
        lines.append(status.progress.line())
        if status.progress.last_s:
            last = datetime.datetime.fromtimestamp(status.progress.last_s, datetime.UTC)
            lines.append(f"last source or window finished {last.isoformat(timespec='seconds')}")
    if status.state == STOPPED:
        lines.append("it ended without a verdict: start it again with the same command")
    lines += _verdict_lines(status)
    return [*lines, *_stage_lines(status)]


def _who(status: RunStatus) -> str:
    owner = status.owner
    if owner is None:
        return ""
    alive = "alive" if owner.is_alive(status.output) else "no longer alive"
    return f", by process {owner.process} on {owner.host} ({alive}, last sign of life {owner.seen})"


def _verdict_lines(status: RunStatus) -> list[str]:
    if not status.verdict:
        return []
    ended = f"finished {status.finished}, " if status.finished else ""
    unmade = "the dataset is that of before" if status.has_dataset else "no dataset was made"
    return [
        f"{ended}exit code {status.verdict['exit_code']}, {'a dataset was made' if status.verdict['ok'] else unmade}",
        *_count_lines(status.verdict),
        *(f"problem: {problem}" for problem in status.verdict["problems"]),
    ]


def _count_lines(verdict: dict[str, Any]) -> list[str]:
    """The counts of a run whose tables could be read; lengths as H:MM:SS."""
    if "num_sources" not in verdict:
        return []
    video = verdict["num_sources"] - verdict["num_left_out"]
    return [
        f"{number_of(verdict['num_inputs'], 'input')}: {number_of(video, 'source')} of video "
        f"({clock_text(verdict['source_s'])}), {verdict['num_left_out']} left out as no video",
        f"{number_of(verdict['num_windows'], 'window')}, {number_of(verdict['num_tracks'], 'track')}, "
        f"{number_of(verdict['num_clips'], 'clip')} ({clock_text(verdict['clip_s'])}) in "
        f"{number_of(verdict['num_shards'], 'shard')}",
        f"{number_of(verdict['num_failures'], 'failure')}, {verdict['num_bugs']} of them bugs: "
        f"{number_of(verdict['failed_sources'], 'source')} without a clip, "
        f"{number_of(verdict['failed_windows'], 'window')} ({clock_text(verdict['failed_s'])}) lost",
    ]


def _stage_lines(status: RunStatus) -> list[str]:
    """CPU time of each stage, and its slowest elements."""
    lines = []
    for stage, cpu_s in status.cpu_s.items():
        lines.append(f"{stage}: {clock_text(cpu_s)} of CPU time; slowest:")
        slowest = [element for element in status.slowest if element.stage == stage][:SLOWEST_SHOWN]
        for element in slowest:
            window = f" window {element.window_index}" if element.window_index >= 0 else ""
            lines.append(f"  {element.wall_s:8.1f} s ({element.cpu_s:.1f} s of CPU)  {element.source_uri}{window}")
    return lines

"""`--metrics_file`: a run's numbers as a text file for Prometheus, by way of node_exporter's textfile collector."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from pipeline.plan import BuildPlan
from pipeline.progress import Progress, read_progress
from schemas.clock import FRAME_RATE
from schemas.errors import StorageError, TalkshardError
from transforms.beam_support.worker_tallies import Tally, cpu_s_of_stages, read_tally

INTERVAL_S = 15.0
_DROPPED, _FAILED = "dropped_", "failed_"  # how counters begin


class MetricsFile:
    """The file of one run; nothing where no file is asked for."""

    def __init__(self, plan: BuildPlan) -> None:
        """Write it for the first time. StorageError: it cannot be written."""
        self._plan = plan
        self._began_s, self._written_at = time.time(), 0.0
        if plan.metrics_file:
            try:
                self._write(read_progress(plan.staging, plan.num_inputs), read_tally(plan.staging))
            except OSError as error:
                raise StorageError(f"cannot write --metrics_file {plan.metrics_file}: {error.strerror}") from error

    def update(self, progress: Progress) -> None:
        """Write it again, if that is due. What cannot be read or written now is no reason to stop a run."""
        if self._plan.metrics_file and time.monotonic() - self._written_at >= INTERVAL_S:
            with suppress(OSError, TalkshardError):
                self._write(progress, read_tally(self._plan.staging))

    def end(self, exit_code: int, run: dict[str, Any] | None = None) -> None:
        """Write it for the last time, while staging is still there. run: run.json, with what each rule dropped."""
        if self._plan.metrics_file:
            with suppress(OSError, TalkshardError):
                progress = read_progress(self._plan.staging, self._plan.num_inputs)
                self._write(progress, read_tally(self._plan.staging), exit_code, (run or {}).get("funnel"))

    def _write(
        self, progress: Progress, tally: Tally, exit_code: int | None = None, funnel: list[dict[str, Any]] | None = None
    ) -> None:
        metrics = _Metrics(self._plan.output)
        metrics.add("started_timestamp_seconds", "when the run began", self._began_s)
        metrics.add("last_progress_timestamp_seconds", "when a source or window was last finished", progress.last_s)
        metrics.add("sources_listed", "inputs; after the last was read, by content", progress.num_inputs)
        metrics.add("sources_done", "sources prepared, dropped or failed", progress.sources)
        metrics.add("windows_found", "windows with speech of the sources so far", progress.num_windows)
        metrics.add("windows_done", "windows tracked or failed", progress.windows)
        metrics.add("video_seconds_found", "video in windows with speech", progress.num_frames / FRAME_RATE)
        metrics.add("video_seconds_done", "video in windows that were tracked", progress.frames / FRAME_RATE)
        metrics.add("tracks", "face tracks", progress.tracks)
        metrics.add("clips", "clips", progress.clips)
        dropped = _dropped_by_rules(funnel) if funnel is not None else _counted(tally, _DROPPED)
        for (stage, rule), number in dropped.items():
            metrics.add("dropped", "subjects that a rule dropped", number, stage=stage, rule=rule)
        for (stage, kind), number in _counted(tally, _FAILED).items():
            metrics.add("failed", "sources and windows that failed", number, stage=stage, kind=kind)
        for stage, cpu_s in cpu_s_of_stages(tally).items():
            metrics.add("cpu_seconds", "CPU time of the work", cpu_s, stage=stage)
        if exit_code is not None:
            metrics.add("exit_code", "how the run ended; not there before", exit_code)
        write_to_textfile(self._plan.metrics_file, metrics.registry)  # whole, by a rename
        self._written_at = time.monotonic()


class _Metrics:
    """Gauges of one writing, all with the output's name."""

    def __init__(self, output: str) -> None:
        self.registry = CollectorRegistry()
        self._output = output
        self._gauges: dict[str, Gauge] = {}

    def add(self, name: str, about: str, value: float, **labels: str) -> None:
        if name not in self._gauges:
            names = ["output", *labels]
            self._gauges[name] = Gauge(f"talkshard_{name}", about, names, registry=self.registry)
        self._gauges[name].labels(self._output, *labels.values()).set(value)


@contextmanager
def metrics_of(plan: BuildPlan) -> Iterator[MetricsFile]:
    """The metrics of a run, which say how it ended also where it stops with an error."""
    metrics = MetricsFile(plan)
    try:
        yield metrics
    except TalkshardError as error:
        metrics.end(error.exit_code)
        raise
    except Exception:
        metrics.end(TalkshardError.exit_code)
        raise


def _counted(tally: Tally, beginning: str) -> dict[tuple[str, str], int]:
    """(stage, what follows the beginning) -> value of the counters that begin so."""
    split = [(name.partition("/"), value) for name, value in sorted(tally.counters.items())]
    return {
        (stage, counter.removeprefix(beginning)): value
        for (stage, _, counter), value in split
        if counter.startswith(beginning)
    }


def _dropped_by_rules(funnel: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for step in funnel:
        place = (step["stage"], step["rule"])
        found[place] = found.get(place, 0) + step["dropped"]
    return {place: number for place, number in found.items() if number}

"""Builds of the sample and of nothing, and what each drawn source took and gave."""

import contextlib
import io
import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.estimate.folder_size import PeakSize
from pipeline.estimate.sample import Sample
from pipeline.finish import WHOLE_EXIT_CODES
from pipeline.graph import build_graph
from pipeline.launch import run_plan
from pipeline.output import RUN_STAGING, STAGING, WORK
from pipeline.plan import BuildPlan
from schemas.clock import FRAME_RATE
from schemas.errors import TalkshardError
from schemas.records import VideoSource
from schemas.stored.manifests import Manifests, stored_manifests
from transforms.beam_support.worker_tallies import KEPT_VARIABLE

_TOO_MANY_FAILED = 1  # exit code of a run whose manifests are whole all the same
_ALL = 1_000_000_000  # slowest elements: every one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measures:
    """What the drawn sources took and gave, each array (drawn,), and what a run takes at its start."""

    video_s: np.ndarray
    cpu_s: np.ndarray
    clips: np.ndarray
    clip_s: np.ndarray
    shard_bytes: np.ndarray
    staging_bytes: np.ndarray  # at its largest
    dropped: dict[str, np.ndarray]  # "STAGE RULE SUBJECT" -> subjects that the rule dropped
    failed: dict[str, np.ndarray]  # kind -> failures
    start_cpu_s: float  # of launcher and workers, with their models
    start_wall_s: float


def measure(plan: BuildPlan, sample: Sample, folder: Path) -> Measures:
    """Build nothing, then the sample, in a folder. TalkshardError: the build did not come to its end."""
    empty = folder / "nothing.mp4"
    empty.touch()
    with contextlib.redirect_stderr(io.StringIO()):  # it says that no clip was made
        start = _built(plan, (VideoSource(uri=str(empty)),), folder / "nothing")
    built = _built(plan, sample.sources, folder / "sample")
    setup_s = sum(value for name, value in built.run["counters"].items() if name.endswith("/setup_cpu_usec")) / 1e6
    work_s = max(0.0, built.cpu_s - start.cpu_s - setup_s)  # hashing and writing are no stage's, and grow with the rest
    with stored_manifests(str(built.output)) as manifests:
        share = _Share(manifests, [source.stored_name for source in sample.sources])
        track_frames = share.sum("tracks", "end_frame - start_frame")
        return Measures(
            video_s=share.sum("sources", "duration_s"),
            cpu_s=_spread(work_s, share.of(_cpu_of_sources(built.run))),
            clips=share.sum("clips", "1"),
            clip_s=share.sum("clips", f"num_frames / {FRAME_RATE}.0"),
            shard_bytes=share.sum("clips", "tar_length"),
            staging_bytes=_spread(built.staging_bytes, track_frames),
            dropped=share.groups("decisions", "stage || ' ' || rule || ' ' || subject_kind || 's'", "NOT kept"),
            failed=share.groups("failures", "kind", "true"),
            start_cpu_s=start.cpu_s + setup_s,
            start_wall_s=start.wall_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    output: Path
    run: dict[str, Any]  # run.json
    cpu_s: float
    wall_s: float
    staging_bytes: int


def _built(plan: BuildPlan, sources: tuple[VideoSource, ...], output: Path) -> _Built:
    sample_plan = replace(
        plan,
        sources=sources,
        num_inputs=len(sources),
        output=str(output),
        staging=f"{output}/{RUN_STAGING}",
        work=f"{output}/{WORK}",
        max_failed_share=1.0,
        run=plan.run | {"num_inputs": len(sources)},
    )
    began_s, began_cpu_s = time.monotonic(), _cpu_s()
    with _all_times_kept(), PeakSize(output / STAGING) as staged, contextlib.redirect_stdout(io.StringIO()):
        code = run_plan(sample_plan, build_graph)
    if code not in (*WHOLE_EXIT_CODES, _TOO_MANY_FAILED):
        raise TalkshardError(f"the build of the sample ended with exit code {code}: there is no estimate")
    return _Built(
        output=output,
        run=json.loads((output / "run.json").read_text()),
        cpu_s=_cpu_s() - began_cpu_s,
        wall_s=time.monotonic() - began_s,
        staging_bytes=staged.bytes,
    )


@contextmanager
def _all_times_kept() -> Iterator[None]:
    os.environ[KEPT_VARIABLE] = str(_ALL)
    try:
        yield
    finally:
        del os.environ[KEPT_VARIABLE]


def _cpu_s() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _cpu_of_sources(run: dict[str, Any]) -> dict[str, float]:
    """Id of source -> CPU seconds of all its elements."""
    found: dict[str, float] = {}
    for element in run["slowest"]:
        found[element["source_id"]] = found.get(element["source_id"], 0.0) + element["cpu_s"]
    return found


def _spread(total: float, shares: np.ndarray) -> np.ndarray:
    """The total in parts that are as the shares."""
    return total * (shares / shares.sum() if shares.sum() else np.full(len(shares), 1 / len(shares)))


class _Share:
    """Values of the rows of sources, as values of names: names of the same content share them."""

    def __init__(self, manifests: Manifests, names: list[str]) -> None:
        self._manifests, self._names = manifests, names
        rows = manifests.execute("SELECT source_id, uris FROM sources").fetchall()
        self._row_of = {uri: (source_id, len(uris)) for source_id, uris in rows for uri in uris}

    def of(self, values: dict[str, float]) -> np.ndarray:
        """Value of each name; values: id of source -> value."""
        rows = [self._row_of.get(name, ("", 1)) for name in self._names]
        return np.array([values.get(source_id, 0.0) / names for source_id, names in rows], float)

    def sum(self, table: str, value: str) -> np.ndarray:
        """Sum of a SQL expression over the rows of each source."""
        rows = self._manifests.execute(f"SELECT source_id, sum({value}) FROM {table} GROUP BY 1").fetchall()
        return self.of({source_id: float(total or 0.0) for source_id, total in rows})

    def groups(self, table: str, name: str, condition: str) -> dict[str, np.ndarray]:
        """Number of rows that meet a condition, by name."""
        asked = f"SELECT {name}, source_id, count(*) FROM {table} WHERE {condition} GROUP BY ALL ORDER BY ALL"
        found: dict[str, dict[str, float]] = {}
        for group, source_id, total in self._manifests.execute(asked).fetchall():
            found.setdefault(group, {})[source_id] = total
        return {group: self.of(values) for group, values in found.items()}

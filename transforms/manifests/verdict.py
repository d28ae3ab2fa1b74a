"""Whether a run made a dataset, and the content of run.json and dataset.json."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from schemas.generations import run_record_name
from schemas.schema_version import SCHEMA_VERSION
from schemas.stored.manifests import Manifests, rows_of
from transforms.manifests.accounting import Totals, licences
from transforms.manifests.generation import Generation
from transforms.manifests.parts import ManifestPart

_WHERE = "manifests/failures says which and why"
DONE, FAILED, NO_CLIPS, BROKEN = 0, 1, 3, 4  # exit codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the run ended."""

    ok: bool  # a dataset was made
    exit_code: int
    problems: tuple[str, ...]  # one line each; none when ok


def judge_run(
    problems: list[str], found: Totals | None, max_bugs: int, max_failed_share: float, needs_clips: bool = True
) -> Verdict:
    """Judge a run: first by inconsistencies, then bugs and failures, then lack of clips. found: None: unreadable."""
    if problems or found is None:
        return Verdict(ok=False, exit_code=BROKEN, problems=tuple(problems))
    lines = []
    if found.num_bugs > max_bugs:
        lines.append(f"{found.num_bugs} failures are bugs, more than --max_bugs {max_bugs}: {_WHERE}")
    lines += _large_failed_shares(found, max_failed_share)
    if lines:
        return Verdict(ok=False, exit_code=FAILED, problems=tuple(lines))
    if needs_clips and not found.num_clips:
        return Verdict(ok=False, exit_code=NO_CLIPS, problems=("no clip was made: the funnel says why",))
    return Verdict(ok=True, exit_code=DONE, problems=())


def _large_failed_shares(found: Totals, max_failed_share: float) -> list[str]:
    """A line for each of sources, windows and seconds of which too many failed: one long file may be most of a run."""
    failed_of_all = {
        "sources": (found.failed_sources, found.num_sources - found.num_left_out),
        "windows": (found.failed_windows, found.num_windows),
        "seconds of video": (found.failed_s, found.source_s),
    }
    return [
        f"{failed:.0f} of {number:.0f} {what} failed, a larger share than --max_failed_share {max_failed_share:g}: "
        f"{_WHERE}"
        for what, (failed, number) in failed_of_all.items()
        if failed > max_failed_share * number
    ]


def run_summary(
    run: Mapping[str, object], verdict: Verdict, found: Totals | None, funnel: list[dict[str, object]]
) -> dict[str, object]:
    """The run's record: what was known of it before, the funnel, and the verdict."""
    counts = asdict(found) if found else {}
    return {**run, "funnel": funnel, "verdict": asdict(verdict) | counts}


def dataset_record(parts: list[ManifestPart], manifests: Manifests, generation: Generation) -> dict[str, object]:
    """dataset.json, where readers start: every object of the dataset with its hash."""
    parent = {"parent_sha256": generation.parent_sha256} if generation.number > 1 else {}
    return {
        **parent,
        "generation": generation.number,
        "last_rewrite": generation.last_rewrite,
        "run": run_record_name(generation.number),
        "schema_version": SCHEMA_VERSION,
        "shards": rows_of(manifests, "SELECT shard AS path, * EXCLUDE (shard) FROM shards ORDER BY shard"),
        "manifests": [asdict(part) for part in parts],
        "licences": licences(manifests),
    }

"""Counts and consistency of a dataset, from its stored tables alone: metrics count a retried element twice."""

from dataclasses import dataclass

from schemas.clock import FRAME_RATE
from schemas.stored.manifests import Manifests, only_row, rows_of
from transforms.manifests.checks import CHECKS, Check

_MAX_LINES_PER_CHECK = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts over the whole dataset."""

    num_inputs: int  # names of sources
    num_sources: int
    num_left_out: int  # of these sources: no media, by the rule `is_media`
    num_windows: int
    num_tracks: int
    num_clips: int
    num_shards: int
    num_failures: int
    num_bugs: int
    failed_sources: int  # sources without a clip and with a failure
    failed_windows: int  # windows of any source
    source_s: float
    failed_s: float  # of source_s: the failed windows, each as long as its source's windows are on average
    clip_s: float


def find_problems(manifests: Manifests, num_inputs: int | None = None) -> list[str]:
    """One line for each inconsistency; none when all is well. num_inputs: inputs that were listed; None: unknown."""
    problems = [line for check in CHECKS for line in check_problems(manifests, check)]
    (found,) = only_row(manifests, "SELECT coalesce(sum(len(uris)), 0) FROM sources")
    if num_inputs is not None and found != num_inputs:
        problems.append(f"{num_inputs} inputs were listed, but the source rows name {found}")
    return problems


def check_problems(manifests: Manifests, check: Check) -> list[str]:
    """One line for each row that a check finds, up to a limit, and how many more there are."""
    (found,) = only_row(manifests, f"SELECT count(*) FROM ({check.query})")
    if not found:
        return []
    rows = manifests.execute(f"SELECT * FROM ({check.query}) ORDER BY ALL LIMIT {_MAX_LINES_PER_CHECK}").fetchall()
    more = [f"and {found - _MAX_LINES_PER_CHECK} more of that kind"] if found > _MAX_LINES_PER_CHECK else []
    return [check.message.format(*row) for row in rows] + more


def few_lines(problems: list[str]) -> list[str]:
    """The first lines of problems of one kind, and how many more there are."""
    if len(problems) <= _MAX_LINES_PER_CHECK:
        return problems
    return [*problems[:_MAX_LINES_PER_CHECK], f"and {len(problems) - _MAX_LINES_PER_CHECK} more of that kind"]


def totals(manifests: Manifests) -> Totals:
    """Count a dataset's rows, seconds and failures."""
    inputs, sources, windows, seconds = only_row(
        manifests,
        "SELECT coalesce(sum(len(uris)), 0), count(*), coalesce(sum(num_windows), 0), coalesce(sum(duration_s), 0) "
        "FROM sources",
    )
    failed_sources, failed_windows, failed_s = only_row(
        manifests,
        "SELECT count(*) FILTER (WHERE status = 'failed'), coalesce(sum(windows_failed), 0), "
        "coalesce(sum(duration_s * windows_failed / num_windows) FILTER (WHERE num_windows > 0), 0) FROM sources",
    )
    clips, clip_frames = only_row(manifests, "SELECT count(*), coalesce(sum(num_frames), 0) FROM clips")
    (left_out,) = only_row(manifests, "SELECT count(*) FROM decisions WHERE rule = 'is_media' AND NOT kept")
    failures, bugs = only_row(manifests, "SELECT count(*), count(*) FILTER (WHERE kind = 'bug') FROM failures")
    return Totals(
        num_inputs=int(inputs),
        num_sources=sources,
        num_left_out=left_out,
        num_windows=int(windows),
        num_tracks=only_row(manifests, "SELECT count(*) FROM tracks")[0],
        num_clips=clips,
        num_shards=only_row(manifests, "SELECT count(*) FROM shards")[0],
        num_failures=failures,
        num_bugs=bugs,
        failed_sources=failed_sources,
        failed_windows=int(failed_windows),
        source_s=round(float(seconds), 3),
        failed_s=round(float(failed_s), 3),
        clip_s=round(int(clip_frames) / FRAME_RATE, 3),
    )


def funnel_counts(manifests: Manifests) -> list[dict[str, object]]:
    """How many subjects each rule kept and dropped, by stage and kind of subject."""
    return rows_of(
        manifests,
        "SELECT stage, subject_kind, rule, count(*) FILTER (WHERE kept) AS kept, "
        "count(*) FILTER (WHERE NOT kept) AS dropped FROM decisions GROUP BY ALL ORDER BY ALL",
    )


def licences(manifests: Manifests) -> list[dict[str, object]]:
    """Sources with clips, and their clips, counted by licence."""
    return rows_of(
        manifests,
        "SELECT licence, count(*) AS num_sources, sum(clips)::BIGINT AS num_clips FROM "
        "(SELECT licence, source_id, count(*) AS clips FROM clips GROUP BY ALL) GROUP BY licence ORDER BY licence",
    )

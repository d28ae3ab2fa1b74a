"""The report: one self-contained page about a dataset, made from its manifests."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

from audit.borderline_tracks import borderline_tracks
from audit.funnel import funnel
from audit.media_sources import MEDIA_SOURCES
from audit.report_charts import report_charts
from audit.sample_faces import sample_faces
from schemas.clock import FRAME_RATE
from schemas.generations import DATASET
from schemas.shown_text import in_html
from schemas.stored.manifests import Manifests, rows_of
from schemas.stored.record import dataset_sha256
from schemas.stored.tables import has_object

MAX_ROWS = 300  # of a table in the page; the manifests have them all
NUM_FACES = 36
NUM_BORDERLINE = 8  # tracks of each rule and verdict
MAX_NAMES = 20  # of one source


def report_page(output: str, run: dict[str, Any], manifests: Manifests) -> str:
    """Make the HTML of the report. `run`: the content of run.json."""
    asked = {row["rule"] for row in rows_of(manifests, "SELECT DISTINCT rule FROM decisions")}
    faces = sample_faces(output, manifests, NUM_FACES)
    return (
        page_environment(in_html)
        .get_template("report.html.jinja")
        .render(
            mark=dataset_mark(output),
            title=output.rstrip("/").rsplit("/", 1)[-1],
            run=run,
            verdict=run.get("verdict", {}),
            totals=totals(manifests),
            funnel=funnel(manifests),
            charts=report_charts(manifests, asked, run.get("recipe", {})),
            borderline=borderline_tracks(manifests, NUM_BORDERLINE),
            faces=[(face, base64.b64encode(face.jpeg).decode()) for face in faces],
            max_rows=MAX_ROWS,
            max_names=MAX_NAMES,
            sources=_source_lines(manifests),
            failures=rows_of(manifests, f"FROM failures LIMIT {MAX_ROWS}"),
            licences=licence_lines(manifests),
            splits=split_lines(manifests),
        )
    )


def dataset_mark(output: str) -> str:
    """What the page of a dataset holds of its dataset.json; "": a run without a clip has none."""
    return dataset_sha256(output) if has_object(output, DATASET) else ""


def page_environment(shown: Callable[[object], object]) -> jinja2.Environment:
    """Environment of the pages' templates. shown: what a page shows for a value; in HTML it is then escaped."""
    environment = jinja2.Environment(
        finalize=shown,
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=lambda name: name is not None and ".html" in name,
    )
    environment.filters["minutes"] = minutes_text
    environment.filters["megabytes"] = lambda size_bytes: f"{size_bytes / 1e6:,.1f} MB"
    return environment


def minutes_text(seconds: float) -> str:
    """Seconds as hours, minutes or seconds, whichever reads best."""
    if seconds >= 7200:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.1f} s"


def totals(manifests: Manifests) -> dict[str, Any]:
    """Counts and lengths of the whole dataset."""
    [found] = rows_of(
        manifests,
        f"""
        SELECT clips.*, sources.*, shards.*, (SELECT count(*) FROM tracks) AS tracks,
               (SELECT count(*) FROM failures) AS failures
        FROM (SELECT count(*) AS clips, coalesce(sum(num_frames), 0) / {FRAME_RATE} AS clip_s FROM clips) AS clips,
             (SELECT count(*) AS sources, count(*) FILTER (WHERE num_clips > 0) AS sources_with_clips,
                     coalesce(sum(duration_s), 0) AS source_s FROM {MEDIA_SOURCES}) AS sources,
             (SELECT count(*) AS shards, coalesce(sum(size_bytes), 0)::BIGINT AS size_bytes FROM shards) AS shards
        """,
    )
    return found


def licence_lines(manifests: Manifests) -> list[dict[str, Any]]:
    """Licence and consent as given, with sources, clips and seconds under each; those of most sources first."""
    return rows_of(
        manifests,
        f"""
        WITH cut AS (SELECT source_id, sum(num_frames) AS frames, count(*) AS clips FROM clips GROUP BY source_id)
        SELECT licence, consent, count(*) AS num_sources, coalesce(sum(clips), 0)::BIGINT AS num_clips,
               coalesce(sum(frames), 0) / {FRAME_RATE} AS clip_s
        FROM {MEDIA_SOURCES} LEFT JOIN cut USING (source_id) GROUP BY ALL
        ORDER BY num_sources DESC, 1, 2 LIMIT {MAX_ROWS}
        """,
    )


def split_lines(manifests: Manifests) -> list[dict[str, Any]]:
    """Each split with its clips, seconds, and the units it was split by."""
    return rows_of(
        manifests,
        f"""
        SELECT split, count(*) AS num_clips, sum(num_frames) / {FRAME_RATE} AS clip_s,
               count(DISTINCT split_unit) AS num_units,
               count(DISTINCT split_unit) FILTER (WHERE starts_with(split_unit, 'speaker:')) AS num_speakers
        FROM clips GROUP BY split ORDER BY list_position(['train', 'val', 'test'], split)
        """,
    )


def _source_lines(manifests: Manifests) -> list[dict[str, Any]]:
    """Sources with the rules and failures that cost them something; those without clips first."""
    order = "list_position(['failed', 'decided', 'clips'], status), uris"
    return rows_of(
        manifests,
        f"""
        WITH shown AS MATERIALIZED (FROM {MEDIA_SOURCES} ORDER BY {order} LIMIT {MAX_ROWS}),
        dropped AS (
            SELECT source_id, string_agg(rule || ' ' || times, ', ' ORDER BY times DESC, rule) AS reasons
            FROM (SELECT source_id, rule, count(*) AS times FROM decisions SEMI JOIN shown USING (source_id)
                  WHERE NOT kept GROUP BY ALL)
            GROUP BY source_id),
        failed AS (
            SELECT source_id, string_agg(kind || ' ' || times, ', ' ORDER BY times DESC, kind) AS kinds
            FROM (SELECT source_id, kind, count(*) AS times FROM failures SEMI JOIN shown USING (source_id)
                  GROUP BY ALL)
            GROUP BY source_id)
        SELECT shown.*, coalesce(reasons, '') AS reasons, coalesce(kinds, '') AS failure_kinds
        FROM shown LEFT JOIN dropped USING (source_id) LEFT JOIN failed USING (source_id) ORDER BY {order}
        """,
    )

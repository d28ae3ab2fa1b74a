"""The report: one self-contained page about a dataset, made from its manifests."""

import base64
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa

from audit.borderline_tracks import COLUMNS as BORDERLINE_COLUMNS
from audit.borderline_tracks import borderline_tracks
from audit.funnel import funnel
from audit.media_sources import media_sources
from audit.query import query
from audit.report_charts import report_charts
from audit.sample_faces import sample_faces
from schemas.clock import FRAME_RATE
from schemas.stored.tables import stored_table

MAX_ROWS = 300  # of a table in the page; the manifests have them all
NUM_FACES = 36
NUM_BORDERLINE = 8  # tracks of each rule and verdict
_TRACK_COLUMNS = [*BORDERLINE_COLUMNS, "face_source_px", "yaw_deg"]


def report_page(output: str, run: dict[str, Any]) -> str:
    """Make the HTML of the report. `run`: the content of run.json."""
    tables = {name: stored_table(output, name) for name in ("sources", "decisions", "clips", "shards", "failures")}
    tables["sources"] = media_sources(tables["sources"], tables["decisions"])
    tracks = stored_table(output, "tracks", _TRACK_COLUMNS)
    asked = set(tables["decisions"]["rule"].unique().to_pylist())
    faces = sample_faces(output, tables["clips"], NUM_FACES)
    return (
        page_environment()
        .get_template("report.html.jinja")
        .render(
            title=output.rstrip("/").rsplit("/", 1)[-1],
            run=run,
            verdict=run.get("verdict", {}),
            totals=totals(tables, len(tracks)),
            funnel=funnel(tables["decisions"]),
            charts=report_charts(tables["clips"], tracks, asked, run.get("recipe", {})),
            borderline=borderline_tracks(tables["decisions"], tracks, tables["sources"], NUM_BORDERLINE),
            faces=[(face, base64.b64encode(face.jpeg).decode()) for face in faces],
            max_rows=MAX_ROWS,
            sources=_source_lines(tables["sources"], tables["decisions"], tables["failures"]),
            failures=tables["failures"].slice(0, MAX_ROWS).to_pylist(),
            licences=licence_lines(tables["sources"], tables["clips"]),
            splits=split_lines(tables["clips"]),
        )
    )


def page_environment() -> jinja2.Environment:
    """Environment of the pages' templates; everything in HTML is escaped."""
    environment = jinja2.Environment(
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


def totals(tables: dict[str, pa.Table], num_tracks: int) -> dict[str, float]:
    """Counts and lengths of the whole dataset."""
    [found] = query(
        f"""
        SELECT (SELECT coalesce(sum(num_frames), 0) / {FRAME_RATE}.0 FROM clips) AS clip_s,
               (SELECT coalesce(sum(duration_s), 0) FROM sources) AS source_s,
               (SELECT count(*) FROM sources WHERE num_clips > 0) AS sources_with_clips,
               (SELECT coalesce(sum(size_bytes), 0) FROM shards) AS size_bytes
        """,
        **{name: tables[name] for name in ("clips", "sources", "shards")},
    )
    counts = {name: len(tables[name]) for name in ("clips", "sources", "shards", "failures")}
    return counts | {
        "tracks": num_tracks,
        "clip_s": float(found["clip_s"]),
        "source_s": float(found["source_s"]),
        "sources_with_clips": found["sources_with_clips"],
        "size_bytes": int(found["size_bytes"]),
    }


def licence_lines(sources: pa.Table, clips: pa.Table) -> list[dict[str, Any]]:
    """Licence and consent as given, with sources, clips and seconds under each."""
    return query(
        f"""
        SELECT sources.licence, sources.consent, count(DISTINCT sources.source_id) AS num_sources,
               count(clips.key) AS num_clips, coalesce(sum(clips.num_frames), 0) / {FRAME_RATE}.0 AS clip_s
        FROM sources LEFT JOIN clips USING (source_id) GROUP BY ALL ORDER BY num_sources DESC, 1, 2
        """,
        sources=sources,
        clips=clips,
    )


def split_lines(clips: pa.Table) -> list[dict[str, Any]]:
    """Each split with its clips, seconds, and the units it was split by."""
    return query(
        f"""
        SELECT split, count(*) AS num_clips, sum(num_frames) / {FRAME_RATE}.0 AS clip_s,
               count(DISTINCT split_unit) AS num_units, count(DISTINCT nullif(speaker, '')) AS num_speakers
        FROM clips GROUP BY split ORDER BY list_position(['train', 'val', 'test'], split)
        """,
        clips=clips,
    )


def _source_lines(sources: pa.Table, decisions: pa.Table, failures: pa.Table) -> list[dict[str, Any]]:
    """Sources with the rules and failures that cost them something; those without clips first."""
    return query(
        f"""
        WITH dropped AS (
            SELECT source_id, string_agg(rule || ' ' || times, ', ' ORDER BY times DESC, rule) AS reasons
            FROM (SELECT source_id, rule, count(*) AS times FROM decisions WHERE NOT kept GROUP BY ALL)
            GROUP BY source_id),
        failed AS (
            SELECT source_id, string_agg(kind || ' ' || times, ', ' ORDER BY times DESC, kind) AS kinds
            FROM (SELECT source_id, kind, count(*) AS times FROM failures GROUP BY ALL) GROUP BY source_id)
        SELECT sources.*, coalesce(reasons, '') AS reasons, coalesce(kinds, '') AS failure_kinds
        FROM sources LEFT JOIN dropped USING (source_id) LEFT JOIN failed USING (source_id)
        ORDER BY list_position(['failed', 'decided', 'clips'], status), uris LIMIT {MAX_ROWS}
        """,
        sources=sources,
        decisions=decisions,
        failures=failures,
    )

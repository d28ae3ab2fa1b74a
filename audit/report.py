"""The report: one self-contained page about a dataset, from its manifests."""

import base64
from pathlib import Path

import duckdb
import jinja2
import pyarrow as pa

from audit.borderline_tracks import COLUMNS as CALL_COLUMNS
from audit.borderline_tracks import borderline_tracks
from audit.charts import Histogram, histogram
from audit.funnel import funnel
from audit.sample_faces import sample_faces
from schemas.stored.tables import stored_table
from transforms.media.models import MODELS

MAX_ROWS = 300  # of a table in the page; the manifests have them all
NUM_FACES = 36
NUM_CALLS = 8  # of each kind near a threshold
_TRACK_COLUMNS = [*CALL_COLUMNS, "face_source_px", "yaw_deg"]


def report_page(output: str, run: dict[str, object]) -> str:
    """HTML of the report. `run` is the content of run.json."""
    tables = {name: stored_table(output, name) for name in ("sources", "decisions", "clips", "shards", "failures")}
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
            histograms=_histograms(tables["clips"], tracks, asked, run.get("recipe", {})),
            calls=borderline_tracks(tables["decisions"], tracks, tables["sources"], NUM_CALLS),
            faces=[(face, base64.b64encode(face.jpeg).decode()) for face in faces],
            most_rows=MAX_ROWS,
            sources=_source_lines(tables["sources"], tables["decisions"], tables["failures"]),
            failures=tables["failures"].slice(0, MAX_ROWS).to_pylist(),
            licences=licence_lines(tables["sources"], tables["clips"]),
            splits=split_lines(tables["clips"]),
            models=MODELS,
        )
    )


def page_environment() -> jinja2.Environment:
    """Where the pages' templates lie; everything in HTML is escaped."""
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
    clips, sources, shards, failures = (tables[name] for name in ("clips", "sources", "shards", "failures"))
    clip_s = duckdb.sql("SELECT coalesce(sum(num_frames), 0) / 25.0 FROM clips").fetchall()[0][0]
    source_s, with_clips = duckdb.sql(
        "SELECT coalesce(sum(duration_s), 0), count(*) FILTER (WHERE num_clips > 0) FROM sources"
    ).fetchall()[0]
    size_bytes = duckdb.sql("SELECT coalesce(sum(size_bytes), 0) FROM shards").fetchall()[0][0]
    return {
        "clips": len(clips),
        "clip_s": float(clip_s),
        "sources": len(sources),
        "source_s": float(source_s),
        "tracks": num_tracks,
        "sources_with_clips": with_clips,
        "shards": len(shards),
        "size_bytes": int(size_bytes),
        "failures": len(failures),
    }


def licence_lines(sources: pa.Table, clips: pa.Table) -> list[dict]:
    """Licence and consent as given, with sources, clips and seconds under each."""
    return (
        duckdb.sql("""
        SELECT sources.licence, sources.consent, count(DISTINCT sources.source_id) AS num_sources,
               count(clips.key) AS num_clips, coalesce(sum(clips.num_frames), 0) / 25.0 AS clip_s
        FROM sources LEFT JOIN clips USING (source_id) GROUP BY ALL ORDER BY num_sources DESC, 1, 2
    """)
        .to_arrow_table()
        .to_pylist()
    )


def split_lines(clips: pa.Table) -> list[dict]:
    """Each split with its clips, seconds, and the units it was split by."""
    return (
        duckdb.sql("""
        SELECT split, count(*) AS num_clips, sum(num_frames) / 25.0 AS clip_s, count(DISTINCT split_unit) AS num_units,
               count(DISTINCT nullif(speaker, '')) AS num_speakers
        FROM clips GROUP BY split ORDER BY list_position(['train', 'val', 'test'], split)
    """)
        .to_arrow_table()
        .to_pylist()
    )


def _source_lines(sources: pa.Table, decisions: pa.Table, failures: pa.Table) -> list[dict]:
    """Sources with why things of theirs were dropped or failed; those without clips first."""
    return (
        duckdb.sql(f"""
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
    """)
        .to_arrow_table()
        .to_pylist()
    )


def _histograms(clips: pa.Table, tracks: pa.Table, asked: set[str], recipe: dict) -> list[Histogram]:
    """Charts of what there are values of. `asked`: the rules that were; the others' thresholds decided nothing."""
    speakers, faces = recipe.get("speakers", {}), recipe.get("faces", {})

    def values(table: pa.Table, column: str):
        return table[column].drop_null().to_numpy()

    def threshold(name: str, rule: str) -> float | None:
        return speakers.get(name) if rule in asked else None

    charts = [
        histogram(
            "Lag of the sound",
            values(tracks, "audio_lag_frames").round(),
            unit="frame",
            whole=True,
            note="every judged track; + = the audio is late",
        ),
        histogram(
            "Sync probability",
            values(tracks, "sync_probability"),
            note="every judged track: that this face makes this sound",
            thresholds={
                "unsure from": threshold("unsure_probability", "makes_this_sound"),
                "kept from": threshold("min_probability", "unsure"),
            },
            limits=(0.0, 1.0),
        ),
        histogram(
            "Sync confidence",
            values(tracks, "sync_confidence"),
            note="every judged track",
            thresholds={"threshold": threshold("min_confidence", "min_confidence")},
        ),
        histogram(
            "Face in the source",
            values(tracks, "face_source_px"),
            unit="px",
            note="every track, box's shorter side",
            thresholds={"threshold": faces.get("min_box_px")},
        ),
        histogram("Head turned", values(tracks, "yaw_deg"), unit="degree", note="every track, median yaw"),
        histogram("Clip length", values(clips, "num_frames") / 25.0, unit="s", note="every stored clip"),
        histogram(
            "Mouth movement",
            values(clips, "mouth_opening_sd"),
            unit="of eye distance",
            note="every stored clip, deviation of the opening",
        ),
    ]
    return [chart for chart in charts if chart.num_values]

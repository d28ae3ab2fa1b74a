"""The dataset card: what is in a dataset, under which licences, and what it must not be taken for."""

import duckdb
import pyarrow as pa

from audit.borderline_tracks import RULES
from audit.report import licence_lines, page_environment, split_lines, totals
from schemas.stored.tables import stored_table
from transforms.media.models import MODELS


def dataset_card(output: str, run: dict[str, object]) -> str:
    """Markdown of the card. `run` is the content of run.json."""
    tables = {name: stored_table(output, name) for name in ("sources", "decisions", "clips", "shards", "failures")}
    num_tracks = len(stored_table(output, "tracks", ["track_id"]))
    return (
        page_environment()
        .get_template("dataset_card.md.jinja")
        .render(
            title=output.rstrip("/").rsplit("/", 1)[-1],
            run=run,
            recipe=run["recipe"],
            totals=totals(tables, num_tracks),
            splits=split_lines(tables["clips"]),
            licences=licence_lines(tables["sources"], tables["clips"]),
            units=_unit_kinds(tables["clips"]),
            languages=_languages(tables["clips"]),
            models=MODELS,
            used=_used_models(tables["clips"]),
            sync=_sync_facts(tables["clips"], tables["decisions"]),
        )
    )


def _unit_kinds(clips: pa.Table) -> dict[str, int]:
    """Kind of split unit (speaker, group, source) -> clips split by it."""
    return dict(
        duckdb.sql(
            "SELECT split_part(split_unit, ':', 1), count(*) FROM clips GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    )


def _languages(clips: pa.Table) -> list[str]:
    return [
        name for (name,) in duckdb.sql("SELECT DISTINCT language FROM clips WHERE language <> '' ORDER BY 1").fetchall()
    ]


def _sync_facts(clips: pa.Table, decisions: pa.Table) -> dict[str, float | int | None]:
    """What the judge of lips and audio dropped, and what it says of the clips that are in; None where nothing was said."""
    names = ("num_judged", "not_their_sound", "unsure", "num_moved", "least_probability", "median_probability")
    asked = duckdb.sql(f"""
        SELECT count(DISTINCT subject_id),
               count(*) FILTER (WHERE NOT kept AND rule IN ('makes_this_sound', 'min_confidence')),
               count(*) FILTER (WHERE NOT kept AND rule = 'unsure')
        FROM decisions WHERE stage = 'FindSpeakers' AND rule IN {RULES}
    """).fetchall()[0]
    stored = duckdb.sql("""
        SELECT count(*) FILTER (WHERE audio_shift_samples <> 0), min(sync_probability), median(sync_probability)
        FROM clips
    """).fetchall()[0]
    return dict(zip(names, (*asked, *stored), strict=True))


def _used_models(clips: pa.Table) -> list[dict]:
    """Each combination of models that clips were made with."""
    return (
        duckdb.sql("""
        SELECT detector, detector_sha256, mesh_sha256, speech_model, sync_network, sync_network_sha256,
               count(*) AS num_clips
        FROM clips GROUP BY ALL ORDER BY num_clips DESC, 1, 2
    """)
        .to_arrow_table()
        .to_pylist()
    )

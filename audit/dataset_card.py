"""The dataset card: what is in a dataset, under which licences, and what must not be concluded from it."""

from typing import Any

import pyarrow as pa

from audit.borderline_tracks import RULES
from audit.media_sources import media_sources
from audit.query import query
from audit.report import licence_lines, page_environment, split_lines, totals
from schemas.stored.tables import stored_table


def dataset_card(output: str, run: dict[str, Any]) -> str:
    """Make the Markdown of the card. `run`: the content of run.json."""
    tables = {name: stored_table(output, name) for name in ("sources", "decisions", "clips", "shards", "failures")}
    tables["sources"] = media_sources(tables["sources"], tables["decisions"])
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
            used=_used_models(tables["clips"]),
            sync=_sync_facts(tables["clips"], tables["decisions"]),
        )
    )


def _unit_kinds(clips: pa.Table) -> dict[str, int]:
    """Kind of split unit (speaker, group, source) -> clips split by it."""
    rows = query(
        """
        SELECT split_part(split_unit, ':', 1) AS kind, count(*) AS num_clips FROM clips GROUP BY 1 ORDER BY 2 DESC, 1
        """,
        clips=clips,
    )
    return {row["kind"]: row["num_clips"] for row in rows}


def _languages(clips: pa.Table) -> list[str]:
    rows = query("SELECT DISTINCT language FROM clips WHERE language <> '' ORDER BY 1", clips=clips)
    return [row["language"] for row in rows]


def _sync_facts(clips: pa.Table, decisions: pa.Table) -> dict[str, float | int | None]:
    """What the sync rules dropped, and the sync probability of the stored clips; None where there is none."""
    [judged] = query(
        f"""
        SELECT count(DISTINCT subject_id) AS num_judged,
               count(*) FILTER (WHERE NOT kept AND rule IN ('unsure_probability', 'min_confidence')) AS other_audio,
               count(*) FILTER (WHERE NOT kept AND rule = 'min_probability') AS unsure
        FROM decisions WHERE stage = 'FindSpeakers' AND rule IN {RULES}
        """,
        decisions=decisions,
    )
    [stored] = query(
        """
        SELECT count(*) FILTER (WHERE audio_shift_samples <> 0) AS num_shifted,
               min(sync_probability) AS min_probability, median(sync_probability) AS median_probability
        FROM clips
        """,
        clips=clips,
    )
    return judged | stored


def _used_models(clips: pa.Table) -> list[dict[str, Any]]:
    """Each combination of models that clips were made with."""
    return query(
        """
        SELECT detector, detector_sha256, mesh_sha256, speech_model, sync_network, sync_network_sha256,
               count(*) AS num_clips
        FROM clips GROUP BY ALL ORDER BY num_clips DESC, 1, 2
        """,
        clips=clips,
    )

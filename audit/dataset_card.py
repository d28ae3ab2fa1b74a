"""The dataset card: what is in a dataset, under which licences, and what must not be concluded from it."""

from pathlib import Path
from typing import Any

from audit.column_values import ColumnValues
from audit.dataset_facts import SYNC_RULES, licence_lines, split_lines, totals, transcripts
from audit.people import people
from audit.shown_numbers import NUMBER_FILTERS
from schemas.html.page import template_environment
from schemas.shown_text import in_markdown
from schemas.stored.manifests import Manifests, rows_of


def dataset_card(output: str, run: dict[str, Any], manifests: Manifests) -> str:
    """Make the Markdown of the card. `run`: the content of run.json."""
    environment = template_environment(Path(__file__).parent, in_markdown)
    environment.filters.update(NUMBER_FILTERS)
    return environment.get_template("dataset_card.md.jinja").render(
        title=output.rstrip("/").rsplit("/", 1)[-1],
        run=run,
        recipe=run["recipe"],
        totals=totals(manifests),
        splits=split_lines(manifests),
        licences=licence_lines(manifests),
        units=_unit_kinds(manifests),
        people=people(manifests, 0),
        languages=_languages(manifests),
        used=_used_models(manifests),
        sync=_sync_facts(manifests),
        texts=transcripts(manifests),
    )


def _unit_kinds(manifests: Manifests) -> dict[str, int]:
    """Kind of split unit (speaker, group, person, source) -> clips split by it."""
    rows = rows_of(
        manifests,
        """
        SELECT split_part(split_unit, ':', 1) AS kind, count(*) AS num_clips FROM clips GROUP BY 1 ORDER BY 2 DESC, 1
        """,
    )
    return {row["kind"]: row["num_clips"] for row in rows}


def _languages(manifests: Manifests) -> list[str]:
    rows = rows_of(manifests, "SELECT DISTINCT language FROM clips WHERE language <> '' ORDER BY 1")
    return [row["language"] for row in rows]


def _sync_facts(manifests: Manifests) -> dict[str, float | int | None]:
    """What the sync rules dropped, and the sync probability of the stored clips; None where there is none."""
    [judged] = rows_of(
        manifests,
        f"""
        SELECT count(DISTINCT subject_id) AS num_judged,
               count(*) FILTER (WHERE NOT kept AND rule IN ('unsure_probability', 'min_confidence')) AS other_audio,
               count(*) FILTER (WHERE NOT kept AND rule = 'min_probability') AS unsure
        FROM decisions WHERE stage = 'FindSpeakers' AND rule IN {SYNC_RULES}
        """,
    )
    [stored] = rows_of(
        manifests,
        """
        SELECT count(*) FILTER (WHERE audio_shift_samples <> 0) AS num_shifted,
               min(sync_probability) AS min_probability
        FROM clips
        """,
    )
    probabilities = ColumnValues(manifests=manifests, table="clips", expression="sync_probability")
    return judged | stored | {"median_probability": probabilities.median if len(probabilities) else None}


def _used_models(manifests: Manifests) -> list[dict[str, Any]]:
    """Each combination of models that clips were made with."""
    return rows_of(
        manifests,
        """
        SELECT detector, detector_sha256, mesh_sha256, speech_model, sync_network, sync_network_sha256,
               count(*) AS num_clips
        FROM clips GROUP BY ALL ORDER BY num_clips DESC, 1, 2
        """,
    )

"""The report: one self-contained page about a dataset, of the same size for thousands of clips and for millions."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.borderline import BorderlineRule, borderline_rules
from audit.copies import copies
from audit.dataset_facts import (
    SYNC_RULES,
    failure_lines,
    language_lines,
    licence_lines,
    split_lines,
    totals,
    transcripts,
)
from audit.face_images import face_images
from audit.funnel import FunnelStep, funnel
from audit.people import people
from audit.report_charts import report_charts
from audit.report_samples import sampled_clips, sampled_sources
from audit.shown_numbers import NUMBER_FILTERS
from audit.takedowns import takedown_lines
from schemas.failure_kinds import FAILURE_KINDS
from schemas.generations import DATASET
from schemas.html.page import page_head, template_environment
from schemas.stored.manifests import Manifests, rows_of
from schemas.stored.record import dataset_sha256
from schemas.stored.tables import has_object

NUM_FACES = 48
NUM_BORDERLINE = 8  # subjects on each side of a threshold
NUM_PEOPLE = 8  # of most clips, and as many sampled
NUM_COPIES = 24
NUM_SOURCES = 100  # of each status
NUM_FAILURES = 10  # of each kind
MAX_NAMES = 20  # of one source
_HERE = Path(__file__).parent
_OFTEN_ABSENT = ("charts", "borderline", "faces", "people", "copies", "takedowns", "slowest")

_TITLES = {
    "funnel": "What each rule kept",
    "charts": "Distributions",
    "borderline": "The edge of each threshold",
    "faces": "Stored faces",
    "people": "People",
    "copies": "Copies",
    "splits": "Splits and languages",
    "licences": "Licences and consent",
    "sources": "Sources",
    "failures": "Failures",
    "takedowns": "Takedowns",
    "slowest": "Slowest sources and windows",
    "models": "How it was made",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the page; its template is report_sections/NAME.html.jinja."""

    name: str
    title: str


def report_page(output: str, run: dict[str, Any], manifests: Manifests) -> str:
    """Make the HTML of the report. `run`: the content of run.json."""
    facts = report_facts(run, manifests)
    sections = [
        Section(name=name, title=title) for name, title in _TITLES.items() if name not in _OFTEN_ABSENT or facts[name]
    ]
    environment = template_environment(_HERE)
    environment.filters.update(NUMBER_FILTERS)
    return environment.get_template("report.html.jinja").render(
        **facts,
        head=page_head(_HERE / "report.css"),
        mark=dataset_mark(output),
        title=output.rstrip("/").rsplit("/", 1)[-1],
        run=run,
        verdict=run.get("verdict", {}),
        totals=totals(manifests),
        sections=sections,
        images=face_images(output, manifests, list(shown_keys(facts))),
        sync_rules=SYNC_RULES,
        kinds=FAILURE_KINDS,
        max_names=MAX_NAMES,
        num_borderline=NUM_BORDERLINE,
    )


def report_facts(run: dict[str, Any], manifests: Manifests) -> dict[str, Any]:
    """What the tables say, by the name of the section that shows it. `run`: the content of run.json."""
    asked = {row["rule"] for row in rows_of(manifests, "SELECT DISTINCT rule FROM decisions")}
    return {
        "funnel": _by_stage(funnel(manifests)),
        "charts": report_charts(manifests, asked, run.get("recipe", {})),
        "borderline": borderline_rules(manifests, NUM_BORDERLINE),
        "faces": sampled_clips(manifests, NUM_FACES),
        "people": people(manifests, NUM_PEOPLE),
        "copies": copies(manifests, NUM_COPIES),
        "splits": split_lines(manifests),
        "languages": language_lines(manifests),
        "transcripts": transcripts(manifests),
        "licences": licence_lines(manifests),
        "sources": sampled_sources(manifests, NUM_SOURCES),
        "failures": failure_lines(manifests, NUM_FAILURES),
        "takedowns": takedown_lines(manifests),
        "slowest": run.get("slowest", []),
    }


def _by_stage(steps: list[FunnelStep]) -> dict[str, list[FunnelStep]]:
    return {stage: [step for step in steps if step.stage == stage] for stage in dict.fromkeys(s.stage for s in steps)}


def dataset_mark(output: str) -> str:
    """What the page of a dataset holds of its dataset.json; "": a run without a clip has none."""
    return dataset_sha256(output) if has_object(output, DATASET) else ""


def shown_keys(facts: dict[str, Any]) -> Iterator[str]:
    """Keys of all clips whose face the page shows."""
    yield from (clip.key for clip in facts["faces"])
    rules: list[BorderlineRule] = facts["borderline"]
    yield from (subject.key for rule in rules for subject in rule.kept)
    if facts["people"]:
        yield from (key for one in (*facts["people"].largest, *facts["people"].sampled) for key in one.keys)
    if facts["copies"]:
        yield from (copy.kept_key for copy in facts["copies"].shown)

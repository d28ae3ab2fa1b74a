"""Decisions against the rules of the stages, against their own values, and against the tracks and clips they judged."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from audit.verify_recipe import Settings
from schemas.decisions import Rule
from schemas.stored.manifests import Manifests
from transforms.clips.cut_clips import CLIP_RULES
from transforms.copies.rules import COPY_RULES
from transforms.manifests.checks import Check
from transforms.media.takedown_list import TAKE_OUT, TAKEDOWN_RULES
from transforms.people.rules import CLIP_RULES as PERSON_RULES
from transforms.prepare.prepare_video import SOURCE_RULES as STREAM_RULES
from transforms.sources.merge import SOURCE_RULES as NAME_RULES
from transforms.speakers import rules as speakers
from transforms.windows.split_windows import WINDOW_RULES as SPLIT_RULES

_RULES: dict[tuple[str, str], tuple[Rule[Any], ...]] = {
    ("HashSource", "source"): NAME_RULES,
    ("PrepareVideos", "source"): STREAM_RULES,
    ("SplitWindows", "window"): SPLIT_RULES,
    ("FindSpeakers", "window"): speakers.WINDOW_RULES,
    ("FindSpeakers", "track"): speakers.TRACK_RULES,
    ("FindSpeakers", "turn"): speakers.TURN_RULES,
    ("CutClips", "clip"): CLIP_RULES,
    (TAKE_OUT, "clip"): TAKEDOWN_RULES,
    ("FindCopies", "clip"): COPY_RULES,
    ("FindPeople", "clip"): PERSON_RULES,
}
"""(stage, kind of subject) -> its rules in order."""

_ALWAYS = next(field.default for field in dataclasses.fields(Rule) if field.name == "applies")
_KEPT = (
    "CASE comparison WHEN '>=' THEN value >= threshold AND NOT isnan(value) WHEN '<=' THEN value <= threshold AND NOT "
    "isnan(value) WHEN 'exists' THEN value_text = 'yes' WHEN 'in' THEN list_contains(allowed, value_text) END"
)
_SUBJECT = "{0} of {1} {2}"
_OF_CLIP = "SELECT key, {subject} AS subject_id FROM clips"
_JUDGED = {
    "source": _OF_CLIP.format(subject="source_id"),
    "window": _OF_CLIP.format(subject="regexp_replace(track_id, '-t[0-9]+$', '')"),
    "track": _OF_CLIP.format(subject="track_id"),
    "clip": _OF_CLIP.format(subject="key"),
}
"""Kind of subject -> each clip with the subject of that kind that it comes from."""

_VALUES = (
    ("FindSpeakers", "min_track_s", "tracks", "track_id", "(end_frame - start_frame) / 25"),
    ("FindSpeakers", "min_box_px", "tracks", "track_id", "face_source_px"),
    ("FindSpeakers", "unsure_probability", "tracks", "track_id", "sync_probability"),
    ("FindSpeakers", "min_probability", "tracks", "track_id", "sync_probability"),
    ("FindSpeakers", "min_confidence", "tracks", "track_id", "sync_confidence"),
    ("FindSpeakers", "max_abs_lag_frames", "tracks", "track_id", "abs(audio_lag_frames)"),
    ("CutClips", "min_s", "clips", "key", "num_frames / 25"),
    ("CutClips", "max_bridged_share", "clips", "key", "bridged_share"),
    ("CutClips", "min_mouth_visibility", "clips", "key", "mouth_visibility"),
    ("PrepareVideos", "has_speech", "sources", "source_id", "speech_s"),
)
"""Stage, rule, and the table, its key and the expression that gives the same value."""


def decision_checks(manifests: Manifests, settings: Settings) -> Iterator[Check]:
    """Checks of decisions by a recipe; adds a table `rules` to the database."""
    manifests.register("rules", _rules_table(settings))
    yield from _RULE_CHECKS
    yield from _SUBJECT_CHECKS
    yield from (_value_check(*value) for value in _VALUES)
    yield from _kept_checks(settings)


def _rules_table(settings: Settings) -> pa.Table:
    rows = [
        {
            "stage": stage,
            "subject_kind": kind,
            "rule": rule.name,
            "rule_order": order,
            "comparison": rule.comparison,
            "unit": rule.unit if rule.comparison != "exists" else "",
            "setting": rule.setting,
            **_threshold(rule, settings),
        }
        for (stage, kind), rules in _RULES.items()
        for order, rule in enumerate(rules)
    ]
    types = {"rule_order": pa.int64(), "threshold": pa.float64(), "allowed": pa.list_(pa.string())}
    return pa.table({name: pa.array([row[name] for row in rows], types.get(name, pa.string())) for name in rows[0]})


def _threshold(rule: Rule[Any], settings: Settings) -> Mapping[str, Any]:
    threshold = settings.threshold(rule.setting) if rule.setting else rule.threshold
    if isinstance(threshold, tuple):
        return {"threshold": None, "allowed": list(threshold)}
    return {"threshold": threshold, "allowed": None}


_JOINED = "decisions JOIN rules USING (stage, subject_kind, rule)"
_COMPARED = f"{_JOINED} WHERE decisions.comparison = rules.comparison"
_NAMED = "rule, subject_kind, subject_id"
_RULE_CHECKS = (
    Check(
        f"SELECT {_NAMED}, stage FROM decisions ANTI JOIN rules USING (stage, subject_kind, rule)",
        _SUBJECT + ": {3} has no such rule",
    ),
    Check(
        f"SELECT {_NAMED}, decisions.comparison, rules.comparison FROM {_JOINED} WHERE decisions.comparison <> "
        "rules.comparison AND NOT (decisions.comparison = 'exists' AND value_text = 'no' AND NOT kept)",
        _SUBJECT + ": its comparison is {3!r}, not {4!r}",
    ),
    Check(
        f"SELECT {_NAMED}, decisions.rule_order, rules.rule_order FROM {_JOINED} "
        "WHERE decisions.rule_order <> rules.rule_order",
        _SUBJECT + ": its rule_order is {3}, not {4}",
    ),
    Check(
        f"SELECT {_NAMED}, decisions.unit, rules.unit FROM {_COMPARED} AND decisions.unit <> rules.unit",
        _SUBJECT + ": its unit is {3!r}, not {4!r}",
    ),
    Check(
        f"SELECT {_NAMED}, decisions.threshold, rules.threshold, setting FROM {_COMPARED} AND decisions.threshold "
        "IS DISTINCT FROM rules.threshold AND (rules.threshold IS NOT NULL OR setting = '')",
        _SUBJECT + ": its threshold is {3}, but {4} by the recipe ({5})",
    ),
    Check(
        f"SELECT {_NAMED}, kept, coalesce(value::VARCHAR, value_text), decisions.comparison, decisions.threshold FROM "
        f"(SELECT decisions.*, rules.allowed FROM {_JOINED}) AS decisions WHERE kept IS DISTINCT FROM {_KEPT}",
        _SUBJECT + ": kept is {3}, but its value is {4} ({5} {6})",
    ),
    Check(
        f"SELECT {_NAMED}, stage, count(*) FROM decisions GROUP BY ALL HAVING count(*) > 1",
        _SUBJECT + ": {3} has {4} decisions of it, twice the same",
    ),
    Check(
        f"SELECT {_NAMED}, dropped FROM decisions JOIN (SELECT subject_id, subject_kind, stage, min(rule_order) AS "
        "dropped FROM decisions WHERE NOT kept GROUP BY ALL) USING (subject_id, subject_kind, stage) "
        "WHERE rule_order > dropped",
        _SUBJECT + ": it was asked after rule {3} had dropped it",
    ),
)

_TAKEN = "(SELECT subject FROM takedowns)"
_LEFT_LATER = f"SELECT subject_id FROM decisions WHERE stage = 'FindPeople' AND NOT kept UNION ALL {_TAKEN}"
_SUBJECT_CHECKS = (
    Check(
        f"SELECT {_NAMED}, source_id FROM decisions WHERE subject_id <> source_id AND NOT "
        "starts_with(subject_id, source_id || '-')",
        _SUBJECT + ": it is not of source {3}",
    ),
    Check(
        f"SELECT {_NAMED} FROM decisions WHERE subject_kind IN ('track', 'turn') AND "
        "regexp_replace(subject_id, '-s[0-9]+$', '') NOT IN (SELECT track_id FROM tracks)",
        _SUBJECT + ": there is no such track",
    ),
    Check(
        "SELECT track_id FROM tracks ANTI JOIN (SELECT subject_id AS track_id FROM decisions WHERE subject_kind = "
        "'track') USING (track_id)",
        "track {0} has no decision",
    ),
    Check(
        "SELECT subject_id FROM decisions WHERE subject_kind = 'clip' GROUP BY subject_id HAVING bool_and(kept) AND "
        "subject_id NOT IN (SELECT key FROM clips)",
        "clip {0} was kept by every decision, but there is no clip of this key",
    ),
    Check(
        "SELECT subject_id, value_text FROM decisions WHERE stage = 'FindCopies' AND NOT kept AND value_text NOT IN "
        f"(SELECT key FROM clips UNION ALL {_LEFT_LATER}) AND split_part(value_text, '-', 1) NOT IN {_TAKEN}",
        "clip {0} was dropped as a copy of {1}, which is no clip here",
    ),
    Check(
        "SELECT key, track_id FROM clips ANTI JOIN (SELECT regexp_replace(subject_id, '-s[0-9]+$', '') AS track_id, "
        "regexp_extract(subject_id, '([0-9]+)$', 1)::BIGINT AS first, value FROM decisions WHERE subject_kind = 'turn' "
        "AND rule = 'min_s' AND kept AND regexp_matches(subject_id, '-s[0-9]{1,18}$')) AS turns ON turns.track_id = "
        "clips.track_id AND start_frame >= first AND start_frame + num_frames <= first + round(value * 25)",
        "clip {0} lies in no turn of track {1} that was kept",
    ),
)


def _value_check(stage: str, rule: str, table: str, key: str, value: str) -> Check:
    return Check(
        f"SELECT {_NAMED}, decisions.value, {value} FROM decisions JOIN {table} ON subject_id = {table}.{key} WHERE "
        f"stage = '{stage}' AND rule = '{rule}' AND comparison <> 'exists' AND "
        f"NOT coalesce(abs(decisions.value - {value}) <= 1e-5 * (1 + abs({value})), false)",
        _SUBJECT + f": its value is {{3}}, but {{4}} in {table}",
    )


def _kept_checks(settings: Settings) -> Iterator[Check]:
    """Each clip, its track, window and source were kept by every rule that is always asked, and dropped by none."""
    for (stage, kind), rules in _RULES.items():
        if kind not in _JUDGED:
            continue
        for rule in rules:
            if rule.applies is _ALWAYS and rule in settings.asked(rules):
                yield Check(
                    f"SELECT key, subject_id FROM ({_JUDGED[kind]}) ANTI JOIN (SELECT subject_id FROM decisions WHERE "
                    f"kept AND stage = '{stage}' AND subject_kind = '{kind}' AND rule = '{rule.name}') "
                    "USING (subject_id)",
                    f"clip {{0}}: its {kind} {{1}} has no decision that keeps it by {rule.name} of {stage}",
                )
        yield Check(
            f"SELECT DISTINCT key, subject_id, rule FROM ({_JUDGED[kind]}) JOIN decisions USING (subject_id) WHERE NOT "
            f"kept AND stage = '{stage}' AND subject_kind = '{kind}'",
            f"clip {{0}}: its {kind} {{1}} was dropped by {{2}} of {stage}",
        )

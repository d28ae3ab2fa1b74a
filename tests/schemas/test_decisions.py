"""Rules in order: every stage's tuples, and the rows that a subject gets."""

import importlib
import pkgutil

import pytest

import transforms
from pipeline.config import Recipe
from schemas.decisions import DecisionLog, Rule

RULES_WITHOUT_SETTING = {
    "is_media",
    "conflicting_metadata",
    "duplicate",
    "has_audio",
    "has_face",
    "has_mesh",
    "has_speech",
    "has_video",
    "max_other_faces",
    "one_split",
    "overlap",
    "speaks",
    "taken_down",
}
"""Names that are no setting's: what is there, and comparisons with a fixed threshold."""


def rule_tuples() -> dict[str, tuple[Rule, ...]]:
    """Dotted name -> every tuple of rules that a module of the stages declares."""
    found = {}
    for module in pkgutil.walk_packages(transforms.__path__, "transforms."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, tuple) and value and all(isinstance(rule, Rule) for rule in value):
                found[f"{module.name}.{name}"] = value
    return found


TUPLES = rule_tuples()
SETTINGS = {line.name: line.default for line in Recipe().settings()}


def test_every_stage_that_decides_declares_its_rules():
    stages = {name.split(".")[1] for name in TUPLES}
    assert stages == {"clips", "copies", "media", "people", "prepare", "sources", "speakers", "windows"}


@pytest.mark.parametrize("name", TUPLES)
def test_a_rule_carries_the_name_of_its_setting(name):
    for rule in TUPLES[name]:
        if rule.name in RULES_WITHOUT_SETTING:
            continue
        assert rule.setting in SETTINGS, f"{rule.name} of {name} names no setting of the recipe"
        assert rule.name == rule.setting.split(".")[1]


@pytest.mark.parametrize("name", TUPLES)
def test_a_rule_has_a_setting_or_a_fixed_threshold_where_it_needs_one(name):
    for rule in TUPLES[name]:
        assert (bool(rule.setting) + (rule.threshold is not None)) == (rule.comparison != "exists"), rule.name


@pytest.mark.parametrize("name", TUPLES)
def test_a_rule_is_declared_once(name):
    names = [rule.name for rule in TUPLES[name]]
    assert len(names) == len(set(names))


LARGE = Rule(name="min_size", comparison=">=", value=len, setting="made.min_size", unit="letter")
KNOWN = Rule(name="is_known", comparison="in", value=lambda text: text, threshold=("abc", "abcdef"))
SHORT = Rule(name="max_size", comparison="<=", value=len, threshold=5.0, applies=lambda text: text != "abcdef")
THERE = Rule(name="has_text", comparison="exists", value=bool)
ALL_RULES = (THERE, LARGE, KNOWN, SHORT)


def judged(text, rules=ALL_RULES, all_rules=None):
    log = DecisionLog(stage="Made", source_id="s", settings={"made.min_size": 2})
    kept = log.keeps("t", "track", text, rules, all_rules)
    return kept, [(row.rule, row.rule_order, row.kept) for row in log.rows]


def test_a_subject_has_rows_up_to_the_first_rule_that_drops_it():
    assert judged("abc") == (
        True,
        [("has_text", 0, True), ("min_size", 1, True), ("is_known", 2, True), ("max_size", 3, True)],
    )
    assert judged("a") == (False, [("has_text", 0, True), ("min_size", 1, False)])
    assert judged("") == (False, [("has_text", 0, False)])


def test_a_rule_that_does_not_apply_is_skipped_without_moving_the_others():
    assert judged("abcdef")[1][-1] == ("is_known", 2, True)
    assert judged("abcd", (SHORT, KNOWN), (SHORT, LARGE, KNOWN))[1] == [("max_size", 0, True), ("is_known", 2, False)]


def test_some_of_the_rules_keep_their_place_among_all():
    assert judged("abc", ALL_RULES[2:], ALL_RULES) == (True, [("is_known", 2, True), ("max_size", 3, True)])


def test_a_rule_that_is_missing_in_the_tuple_is_refused():
    with pytest.raises(ValueError, match="rule max_size is not among the track rules of Made"):
        judged("abc", (SHORT,), (THERE, LARGE))


def test_an_unknown_comparison_is_refused():
    with pytest.raises(ValueError, match="comparison of rule x must be >=, <=, in or exists, not '<'"):
        Rule(name="x", comparison="<", value=len, threshold=1.0)


def row_of(rule, facts):
    log = DecisionLog(stage="Made", source_id="s", settings={"made.min_size": 2})
    log.keeps("t", "track", facts, (rule,))
    [row] = log.rows
    return row


def test_a_row_holds_value_threshold_and_unit():
    row = row_of(LARGE, "abc")
    assert (row.comparison, row.value, row.value_text, row.threshold, row.unit) == (">=", 3.0, "", 2.0, "letter")
    row = row_of(KNOWN, "abc")
    assert (row.comparison, row.value, row.value_text, row.threshold) == ("in", None, "abc", None)
    row = row_of(THERE, "")
    assert (row.comparison, row.value, row.value_text, row.threshold) == ("exists", None, "no", None)


def test_a_value_that_could_not_be_measured_drops_as_one_that_does_not_exist():
    row = row_of(Rule(name="min_size", comparison=">=", value=lambda _: None, setting="made.min_size", unit="x"), "")
    assert (row.comparison, row.value, row.value_text, row.threshold, row.unit, row.kept) == (
        "exists",
        None,
        "no",
        None,
        "",
        False,
    )

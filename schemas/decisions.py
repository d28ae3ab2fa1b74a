"""Rules in order, subjects judged by them, and the rows that say how each judgement went.

A stage declares its rules for one kind of subject as one tuple. A rule's order is its place in that tuple.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from schemas.tables import DecisionRow

Facts = TypeVar("Facts")
"""What is known of a subject: the argument of its rules' functions."""


def _always(facts: object) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Facts]):
    """One comparison of a subject's value with a threshold.

    A rule with a setting carries the setting's name, without its section. A rule that does not apply to a subject is
    skipped and leaves no row.
    """

    name: str
    comparison: str  # >=, <=, in, exists
    value: Callable[[Facts], float | str | bool | None]  # a bool for `exists`; None: it could not be measured
    setting: str = ""  # the setting that holds the threshold, like "faces.min_track_s"; "": the threshold is fixed
    threshold: float | tuple[str, ...] | None = None  # of a rule without a setting
    unit: str = ""
    applies: Callable[[Facts], bool] = _always

    def __post_init__(self) -> None:
        """Refuse an unknown comparison."""
        if self.comparison not in (">=", "<=", "in", "exists"):
            raise ValueError(f"comparison of rule {self.name} must be >=, <=, in or exists, not {self.comparison!r}")


@dataclass(slots=True, kw_only=True)
class DecisionLog:
    """Judges subjects of one stage and one source, and keeps the rows in the order in which they were made."""

    stage: str
    source_id: str
    settings: Mapping[str, float | tuple[str, ...]] = field(default_factory=dict)  # full name of a setting -> threshold
    rows: list[DecisionRow] = field(default_factory=list)

    def keeps(
        self,
        subject_id: str,
        subject_kind: str,
        facts: Facts,
        rules: Sequence[Rule[Facts]],
        all_rules: Sequence[Rule[Facts]] | None = None,
    ) -> bool:
        """Whether the subject passes the rules that apply to it; adds a row for each up to the first that drops it.

        all_rules: every rule of this stage for this kind of subject, in order, where `rules` are only some of them.
        ValueError: a rule is not among them.
        """
        places = {rule.name: place for place, rule in enumerate(all_rules or rules)}
        for rule in rules:
            if rule.name not in places:
                raise ValueError(f"rule {rule.name} is not among the {subject_kind} rules of {self.stage}")
            if rule.applies(facts):
                self.rows.append(self._row(subject_id, subject_kind, rule, places[rule.name], rule.value(facts)))
                if not self.rows[-1].kept:
                    return False
        return True

    def _row(
        self, subject_id: str, subject_kind: str, rule: Rule[Any], order: int, value: float | str | bool | None
    ) -> DecisionRow:
        """The row of one rule. A value that could not be measured is stored as a value that does not exist."""
        threshold = self.settings[rule.setting] if rule.setting else rule.threshold
        comparison = rule.comparison
        if value is None:
            comparison, value, threshold = "exists", False, None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return DecisionRow(
            subject_id=subject_id,
            subject_kind=subject_kind,
            source_id=self.source_id,
            stage=self.stage,
            rule=rule.name,
            rule_order=order,
            comparison=comparison,
            value=float(value) if is_number else None,
            value_text="" if is_number else _text(value),
            threshold=float(threshold) if isinstance(threshold, int | float) else None,
            unit="" if comparison == "exists" else rule.unit,
            kept=_holds(comparison, value, threshold),
        )


def _holds(comparison: str, value: Any, threshold: Any) -> bool:
    """Whether `value comparison threshold` is true."""
    if comparison == "exists":
        return bool(value)
    if comparison == "in":
        return value in threshold
    return bool(value >= threshold if comparison == ">=" else value <= threshold)


def _text(value: float | str | bool) -> str:
    return value if isinstance(value, str) else ("yes" if value else "no")

"""Judging a subject by rules in order, and the rows that tell how it went."""

from typing import NamedTuple

from schemas.tables import DecisionRow


class Rule(NamedTuple):
    """One comparison. `value` is a number, a text, or a bool for `exists`."""

    name: str
    comparison: str  # >=, <=, in, exists
    value: float | str | bool
    threshold: float | tuple[str, ...] | None = None
    unit: str = ""

    def holds(self) -> bool:
        """Whether the subject passes."""
        if self.comparison == "exists":
            return bool(self.value)
        if self.comparison == "in":
            return self.value in self.threshold
        if self.comparison == ">=":
            return self.value >= self.threshold
        if self.comparison == "<=":
            return self.value <= self.threshold
        raise ValueError(f"comparison of rule {self.name} must be >=, <=, in or exists, not {self.comparison!r}")


def judge(
    subject_id: str, subject_kind: str, source_id: str, stage: str, rules: tuple[Rule, ...], first_order: int = 0
) -> tuple[bool, list[DecisionRow]]:
    """Whether the subject passes all rules, and a row for each up to the first that drops it."""
    rows = []
    for order, rule in enumerate(rules, first_order):
        rows.append(_row(subject_id, subject_kind, source_id, stage, order, rule))
        if not rows[-1].kept:
            break
    return all(row.kept for row in rows), rows


def _row(subject_id: str, subject_kind: str, source_id: str, stage: str, order: int, rule: Rule) -> DecisionRow:
    is_number = isinstance(rule.value, int | float) and not isinstance(rule.value, bool)
    return DecisionRow(
        subject_id=subject_id,
        subject_kind=subject_kind,
        source_id=source_id,
        stage=stage,
        rule=rule.name,
        rule_order=order,
        comparison=rule.comparison,
        value=float(rule.value) if is_number else None,
        value_text="" if is_number else _text(rule.value),
        threshold=float(rule.threshold) if isinstance(rule.threshold, int | float) else None,
        unit=rule.unit,
        kept=rule.holds(),
    )


def _text(value: str | bool) -> str:
    return value if isinstance(value, str) else ("yes" if value else "no")

"""The rule of copies."""

from schemas.decisions import Rule

COPY_RULES: tuple[Rule[str], ...] = (
    Rule(name="duplicate", comparison="in", value=lambda kept_key: kept_key, threshold=("",)),
)
"""Asked of each clip with the key of the kept clip that it is a copy of; "": of none."""

"""The rule of a clip that FindPeople asks."""

from schemas.decisions import Rule

CLIP_RULES: tuple[Rule[str], ...] = (
    Rule(
        name="one_split",
        comparison="in",
        value=lambda conflict: conflict,
        threshold=("",),
        applies=lambda conflict: bool(conflict),
    ),
)
"""Asked only of clips whose given split, or splits on record, contradict each other: it names both, and drops them."""

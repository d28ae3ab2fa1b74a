"""Precision and recall over pairs of clips or tracks: of two that are said to show one person, how often they do."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import comb


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScores:
    """Pairwise scores of one grouping against the true one."""

    count: int  # of what is grouped
    people: int
    found_people: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-12)


def pair_scores(found: Sequence[Hashable], true: Sequence[Hashable]) -> PairScores:
    """Compare who is said to be one person with who is; 1 where there is no pair to be wrong about."""
    both = _pairs(zip(found, true, strict=True))
    said, are = _pairs(found), _pairs(true)
    return PairScores(
        count=len(true),
        people=len(set(true)),
        found_people=len(set(found)),
        precision=both / said if said else 1.0,
        recall=both / are if are else 1.0,
    )


def _pairs(names: Iterable[Hashable]) -> int:
    return sum(comb(count, 2) for count in Counter(names).values())

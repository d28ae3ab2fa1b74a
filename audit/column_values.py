"""How the values of one column are distributed: counted by DuckDB, so that no array of them is ever held."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from schemas.stored.manifests import Manifests, only_row


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnValues:
    """The values of an SQL expression over a table; nulls are no values, and there is no NaN."""

    manifests: Manifests
    table: str
    expression: str

    def __len__(self) -> int:
        """Number of values."""
        return self._summary[0]

    @property
    def limits(self) -> tuple[float, float]:
        """Smallest and largest value. Only where there are values."""
        return self._summary[1:]

    @cached_property
    def median(self) -> float:
        """The median, from the sorted values and not from a quantile function, which would hold all of them."""
        middle = f"ORDER BY value LIMIT {2 - len(self) % 2} OFFSET {(len(self) - 1) // 2}"
        return only_row(self.manifests, f"SELECT avg(value) FROM (FROM {self._values} {middle})")[0]

    def counts(self, edges: np.ndarray) -> np.ndarray:
        """How many values are in each bin: int64 (len(edges) - 1,). edges: evenly spaced, ascending."""
        low, high, bins = float(edges[0]), float(edges[-1]), len(edges) - 1
        place = f"least(floor((value - {low!r}) / {high - low!r} * {bins}), {bins - 1})::INTEGER"
        inside = f"{self._values} WHERE value BETWEEN {low!r} AND {high!r}"
        counts = np.zeros(bins, np.int64)
        for bin_number, count in self.manifests.execute(
            f"SELECT {place} AS bin, count(*) FROM {inside} GROUP BY bin"
        ).fetchall():
            counts[bin_number] = count
        return counts

    @cached_property
    def _summary(self) -> tuple[int, float, float]:
        number, low, high = only_row(self.manifests, f"SELECT count(*), min(value), max(value) FROM {self._values}")
        return number, low, high

    @property
    def _values(self) -> str:
        column = f"SELECT ({self.expression})::DOUBLE AS value FROM {self.table}"
        return f"(FROM ({column}) WHERE value IS NOT NULL)"

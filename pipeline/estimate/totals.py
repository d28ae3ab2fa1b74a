"""Totals of all sources from a stratified sample, with intervals by bootstrap over sources."""

from dataclasses import dataclass

import numpy as np
import scipy

from pipeline.estimate.sample import Sample

_NUM_RESAMPLES = 2000
_TAIL = 0.05  # on either side of an interval of 90 %
_FEW = 10  # sources that show something: with fewer, resampling says too little of how rare it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A total, and the 90 % interval that it lies in."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float, plus: float = 0.0) -> "Estimate":
        """The estimate in another unit, with what is certain added."""
        return Estimate(value=self.value * factor + plus, low=self.low * factor + plus, high=self.high * factor + plus)


class Totals:
    """Estimates totals: the ratio to the length in the sample, times the length of all sources."""

    def __init__(self, sample: Sample, seed: int = 0) -> None:
        """Draw the resamples, which all totals share."""
        self._sample = sample
        self._weights = np.vstack([sample.weights, _resampled_weights(sample, np.random.default_rng(seed))])
        degrees = len(sample.sources) - len(sample.stratum_sizes)
        student, normal = scipy.special.stdtrit(max(1, degrees), 1 - _TAIL), scipy.special.ndtri(1 - _TAIL)
        self._widening = float(student / normal)  # few sources say little

    def by_length(self, values: np.ndarray) -> Estimate:
        """Total of values (drawn,) that grow with the length of a source."""
        lengths = self._weights @ self._sample.lengths
        return self._estimate(self._weights @ values, lengths, self._sample.total_length)

    def by_count(self, values: np.ndarray) -> Estimate:
        """Total of values (drawn,) that do not, as of failures."""
        return self._estimate(self._weights @ values, self._weights.sum(1), self._sample.num_sources)

    def with_rarity(self, total: Estimate, values: np.ndarray) -> Estimate:
        """The total of what few sources show, with at least the interval of a Poisson number of such sources."""
        shown = int(np.count_nonzero(values))
        if not 0 < shown < _FEW or len(self._sample.sources) == self._sample.num_sources:
            return total
        low, high = scipy.special.gammaincinv(shown, _TAIL), scipy.special.gammaincinv(shown + 1, 1 - _TAIL)
        return Estimate(
            value=total.value,
            low=min(total.low, float(low) / shown * total.value),
            high=max(total.high, float(high) / shown * total.value),
        )

    def with_unseen(self, total: Estimate) -> Estimate:
        """The total, lower by the share of sources that may give nothing although none or few drawn did (3 of n)."""
        share = -np.log(_TAIL) / len(self._sample.sources) * (1 - len(self._sample.sources) / self._sample.num_sources)
        return Estimate(value=total.value, low=min(total.low, total.value * max(0.0, 1 - share)), high=total.high)

    def _estimate(self, sums: np.ndarray, bases: np.ndarray, total: float) -> Estimate:
        found = np.divide(sums, bases, out=np.zeros_like(sums), where=bases > 0) * total
        value, others = float(found[0]), found[1:]
        low, high = np.quantile(others, [_TAIL, 1 - _TAIL])
        return Estimate(
            value=value,
            low=max(0.0, value - self._widening * max(0.0, value - float(low))),
            high=value + self._widening * max(0.0, float(high) - value),
        )


def _resampled_weights(sample: Sample, random: np.random.Generator) -> np.ndarray:
    """Weights (resamples, drawn): of each stratum one source fewer than drawn is drawn again (Rao and Wu, 1988).

    Where all sources of a stratum were drawn, its weights do not vary.
    """
    weights = np.empty((_NUM_RESAMPLES, len(sample.sources)))
    for stratum, size in enumerate(sample.stratum_sizes):
        [places] = np.nonzero(sample.strata == stratum)
        number = len(places)
        spread = np.sqrt(1 - number / size)
        if number == 1:
            weights[:, places] = size
            continue
        times = random.multinomial(number - 1, np.full(number, 1 / number), _NUM_RESAMPLES)
        weights[:, places] = size / number * (1 - spread + spread * number / (number - 1) * times)
    return weights

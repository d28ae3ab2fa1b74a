"""Claims of the paper about its ablations, and of this project about its change; whether the numbers agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.ablations.numbers import NUMBERS, SHARPNESS
from benchmarks.ablations.variants import BASE, VARIANTS

AGREES, DISAGREES, NO_DIFFERENCE, ONE_SEED, NOT_MEASURED = (
    "agrees",
    "disagrees",
    "no difference beyond the seeds' range",
    "no two seeds of anything: no verdict",
    "not measured",
)
Values = Mapping[str, Mapping[int, Mapping[str, float | None]]]
"""Variant -> seed -> number -> value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One variant is expected to be better than another in these numbers."""

    text: str
    better: str
    worse: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A claim compared with one number."""

    claim: str
    better: str
    worse: str
    number: str
    better_mean: float | None = None
    worse_mean: float | None = None
    seeds_range: float | None = None  # that a difference must exceed
    verdict: str


CLAIMS = (
    Claim(
        text="not the paper's, which uses MFCC: a speech recogniser's encoder generalises better where few people "
        "speak",
        better=BASE,
        worse="mfcc",
        numbers=("opening r",),
    ),
    Claim(text="more stills are better", better=BASE, worse="one_still", numbers=("identity distance", "MSE", "SSIM")),
    Claim(
        text="skips keep identity and background",
        better=BASE,
        worse="no_skips",
        numbers=("identity distance", "MSE", "SSIM"),
    ),
    Claim(
        text="upsampling and a convolution, as in the released graph, rather than transposed convolutions",
        better=BASE,
        worse="transposed",
        numbers=("MSE", "SSIM", SHARPNESS),
    ),
    Claim(text="the content loss makes faces sharper", better="content_loss", worse=BASE, numbers=(SHARPNESS,)),
    Claim(text="deblurring makes faces sharper", better="deblurred", worse=BASE, numbers=(SHARPNESS,)),
)


def verdicts(values: Values) -> list[Verdict]:
    """A verdict on every claim, for each of its numbers."""
    return [_verdict(claim, name, values) for claim in CLAIMS for name in claim.numbers]


def seeds_range(name: str, values: Values) -> float:
    """How much a number changes with the seed alone: the widest range of any variant that has its own training."""
    ranges = [
        np.ptp(found)
        for variant, by_seed in values.items()
        if VARIANTS[variant].trained_as == variant
        if len(found := [one[name] for one in by_seed.values() if one[name] is not None]) > 1
    ]
    return float(max(ranges, default=0.0))


def _verdict(claim: Claim, name: str, values: Values) -> Verdict:
    better, worse = (_by_seed(variant, name, values) for variant in (claim.better, claim.worse))
    known = {"claim": claim.text, "better": claim.better, "worse": claim.worse, "number": name}
    if not better or not worse:
        return Verdict(**known, verdict=NOT_MEASURED)
    means = [float(np.mean(list(one.values()))) for one in (better, worse)]
    known |= {"better_mean": means[0], "worse_mean": means[1]}
    if not any(len(by_seed) > 1 for by_seed in values.values()):
        return Verdict(**known, verdict=ONE_SEED)
    gain = (means[0] - means[1]) * (1 if NUMBERS[name].better == "higher" else -1)
    chance = _chance(claim, name, better, worse, values)
    of_one_seed = " (one seed)" if min(len(better), len(worse)) < 2 else ""
    return Verdict(**known, seeds_range=chance, verdict=decide(gain, chance) + of_one_seed)


def decide(gain: float, chance: float) -> str:
    """Verdict on a gain of the variant that is expected to be better; chance: that the gain must exceed."""
    if abs(gain) <= chance:
        return NO_DIFFERENCE
    return AGREES if gain > 0 else DISAGREES


def _chance(claim: Claim, name: str, better: Mapping[int, float], worse: Mapping[int, float], values: Values) -> float:
    """The gain that seeds alone may give; for two variants of one training, the range of their differences."""
    if VARIANTS[claim.better].trained_as != VARIANTS[claim.worse].trained_as:
        return seeds_range(name, values)
    differences = [better[seed] - worse[seed] for seed in better if seed in worse]
    return float(np.ptp(differences)) if len(differences) > 1 else seeds_range(name, values)


def _by_seed(variant: str, name: str, values: Values) -> dict[int, float]:
    return {seed: one[name] for seed, one in values.get(variant, {}).items() if one[name] is not None}


def spans(values: Values, variant: str) -> dict[str, Sequence[float] | None]:
    """Number -> mean, lowest and highest value over seeds; None where it was not measured."""
    found = {name: list(_by_seed(variant, name, values).values()) for name in NUMBERS}
    return {
        name: (float(np.mean(by_seed)), min(by_seed), max(by_seed)) if by_seed else None
        for name, by_seed in found.items()
    }

"""What the paper says of its own ablations, and this project of its change, and whether numbers found here agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.ablations.numbers import NUMBERS, SHARPNESS
from benchmarks.ablations.variants import BASE, VARIANTS

AGREES, DISAGREES, NO_DIFFERENCE, ONE_SEED, NOT_MEASURED = (
    "agrees",
    "disagrees",
    "no difference beyond the seeds' range",
    "one seed: no verdict",
    "not measured",
)
Values = Mapping[str, Mapping[int, Mapping[str, float | None]]]
"""Variant -> seed -> number -> value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One variant shall be better than another in these numbers."""

    says: str
    better: str
    worse: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A claim held against one number."""

    claim: str
    better: str
    worse: str
    number: str
    better_mean: float | None = None
    worse_mean: float | None = None
    seeds_range: float | None = None  # what a difference has to exceed
    verdict: str


CLAIMS = (
    Claim(
        says="not the paper's, which hears MFCC: a recogniser's encoder hears more where few people speak",
        better=BASE,
        worse="mfcc",
        numbers=("opening r", "top-1"),
    ),
    Claim(says="more stills are better", better=BASE, worse="one_still", numbers=("identity distance", "MSE", "SSIM")),
    Claim(
        says="skips keep identity and background",
        better=BASE,
        worse="no_skips",
        numbers=("identity distance", "MSE", "SSIM"),
    ),
    Claim(
        says="upsampling and a convolution, as in the released graph, rather than transposed convolutions",
        better=BASE,
        worse="transposed",
        numbers=("MSE", "SSIM", SHARPNESS),
    ),
    Claim(says="the content loss makes faces sharper", better="content_loss", worse=BASE, numbers=(SHARPNESS,)),
    Claim(says="deblurring makes faces sharper", better="deblurred", worse=BASE, numbers=(SHARPNESS,)),
)


def verdicts(values: Values) -> list[Verdict]:
    """Every claim in each of its numbers."""
    return [_judge(claim, name, values) for claim in CLAIMS for name in claim.numbers]


def seeds_range(name: str, values: Values) -> float:
    """How far seeds alone move a number: the widest range of any variant that was trained by itself."""
    ranges = [
        np.ptp(found)
        for variant, of in values.items()
        if VARIANTS[variant].trained_as == variant
        if len(found := [one[name] for one in of.values() if one[name] is not None]) > 1
    ]
    return float(max(ranges, default=0.0))


def _judge(claim: Claim, name: str, values: Values) -> Verdict:
    better, worse = (_by_seed(variant, name, values) for variant in (claim.better, claim.worse))
    known = {"claim": claim.says, "better": claim.better, "worse": claim.worse, "number": name}
    if not better or not worse:
        return Verdict(**known, verdict=NOT_MEASURED)
    means = [float(np.mean(list(one.values()))) for one in (better, worse)]
    known |= {"better_mean": means[0], "worse_mean": means[1]}
    if min(len(better), len(worse)) < 2:
        return Verdict(**known, verdict=ONE_SEED)
    gain = (means[0] - means[1]) * (1 if NUMBERS[name].better == "higher" else -1)
    chance = _chance(claim, name, better, worse, values)
    return Verdict(**known, seeds_range=chance, verdict=decide(gain, chance))


def decide(gain: float, chance: float) -> str:
    """gain: how much better the variant is that the paper calls better."""
    if abs(gain) <= chance:
        return NO_DIFFERENCE
    return AGREES if gain > 0 else DISAGREES


def _chance(claim: Claim, name: str, better: Mapping[int, float], worse: Mapping[int, float], values: Values) -> float:
    """Two variants of one training differ by what was varied alone: there the range of their differences counts."""
    if VARIANTS[claim.better].trained_as != VARIANTS[claim.worse].trained_as:
        return seeds_range(name, values)
    differences = [better[seed] - worse[seed] for seed in better if seed in worse]
    return float(np.ptp(differences)) if len(differences) > 1 else seeds_range(name, values)


def _by_seed(variant: str, name: str, values: Values) -> dict[int, float]:
    return {seed: one[name] for seed, one in values.get(variant, {}).items() if one[name] is not None}


def spans(values: Values, variant: str) -> dict[str, Sequence[float] | None]:
    """Number -> mean, lowest, highest over seeds; None where it was not measured."""
    found = {name: list(_by_seed(variant, name, values).values()) for name in NUMBERS}
    return {name: (float(np.mean(of)), min(of), max(of)) if of else None for name, of in found.items()}

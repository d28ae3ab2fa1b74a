"""Measures from pairs of faces with right and wrong audio."""

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.active_speaker import weighted_scores as weighted
from benchmarks.active_speaker.cases_of_pairs import GROUP as PAIRS
from benchmarks.active_speaker.cases_of_pairs import OTHER_PERSON, OTHER_SENTENCE, RIGHT
from benchmarks.active_speaker.measures import (
    Measure,
    Target,
    between,
    calibration_of,
    is_within,
    mean_of,
    measured,
    median_of,
    share_of,
    with_truth,
)
from benchmarks.active_speaker.outcomes import KEPT, Outcome
from benchmarks.active_speaker.segments import LENGTHS_S

_LONG_S = 3
_TURNED_DEG = 15
OTHER_AUDIO = (OTHER_PERSON, OTHER_SENTENCE)
LAG_TARGETS = {"3 s and more": Target(target=0.97, goal=0.99), "1 s": Target(target=0.80, goal=0.90)}
AUC_TARGETS = {OTHER_PERSON: Target(target=0.97, goal=0.99), OTHER_SENTENCE: Target(target=0.95, goal=0.98)}
REJECTED_TARGET = Target(target=0.90, goal=0.98)
CALIBRATION_TARGET = Target(target=0.05, goal=0.02, at_least=False)
SHIFTED_TARGET = Target(target=0.01, goal=0.002, at_least=False)


def pair_measures(outcomes: Sequence[Outcome], seed: int) -> Iterator[Measure]:
    """Lag, discrimination, calibration and verdicts, by length."""
    pairs = [case for case in outcomes if case.group == PAIRS]
    lengths = {f"{length_s} s": [case for case in pairs if case.length_s == length_s] for length_s in LENGTHS_S}
    long = {f"{_LONG_S} s and more": [case for case in pairs if case.length_s >= _LONG_S]}
    for setting, cases in (long | lengths).items():
        yield from _lags(with_truth(of_kind(cases, RIGHT)), setting, seed, SHIFTED_TARGET if setting in long else None)
    turned = [case for case in with_truth(of_kind(pairs, RIGHT)) if abs(case.yaw_deg) >= _TURNED_DEG]
    setting = f"face turned by {_TURNED_DEG} degrees and more"
    yield measured(PAIRS, "lag within 1 frame", setting, turned, share_of(is_within(1), turned), seed)
    for setting, cases in lengths.items():
        yield from _discrimination(cases, setting, seed)
    yield _calibration(pairs, "all lengths", seed, CALIBRATION_TARGET)
    for setting, cases in lengths.items():
        yield _calibration(cases, setting, seed, None)
        if setting != f"{_LONG_S} s":
            yield _length_bias(of_kind(lengths[f"{_LONG_S} s"], RIGHT), of_kind(cases, RIGHT), setting, seed)
    for setting, cases in lengths.items():
        yield from _verdicts(cases, setting, seed)


def _lags(known: Sequence[Outcome], setting: str, seed: int, shifted_target: Target | None) -> Iterator[Measure]:
    """Lags of right audio whose true lag is known, as measured and as corrected by the stage."""
    within, target = share_of(is_within(1), known), LAG_TARGETS.get(setting)
    yield measured(PAIRS, "lag within 1 frame", setting, known, within, seed, target=target)
    shifted = share_of(_is_shifted_wrongly, known)
    yield measured(PAIRS, "in sync, shifted by mistake", setting, known, shifted, seed, target=shifted_target)
    stored = [case for case in known if case.value is not None]
    in_sync = share_of(_is_stored_in_sync, stored)
    yield measured(PAIRS, "kept: audio as stored within 1 frame", setting, stored, in_sync, seed)
    error = median_of(_stated_error, known)
    yield measured(PAIRS, "median standard error of the lag", setting, known, error, seed, "frame")


def _calibration(cases: Sequence[Outcome], setting: str, seed: int, target: Target | None) -> Measure:
    right, wrong = of_kind(cases, RIGHT), of_kind(cases, *OTHER_AUDIO)
    statistic = calibration_of(right, wrong)
    return measured(PAIRS, "expected calibration error", setting, [*right, *wrong], statistic, seed, "", target)


def _discrimination(cases: Sequence[Outcome], setting: str, seed: int) -> Iterator[Measure]:
    right, is_aim = of_kind(cases, RIGHT), setting == f"{_LONG_S} s"
    for kind in kinds_of(cases):
        wrong = of_kind(cases, kind)
        yield measured(
            PAIRS,
            f"AUC, {kind}",
            setting,
            [*right, *wrong],
            between(weighted.auc, right, wrong),
            seed,
            "AUC",
            AUC_TARGETS.get(kind) if is_aim else None,
        )
    for name, kinds in {"other audio": OTHER_AUDIO, **{kind: (kind,) for kind in kinds_of(cases)}}.items():
        wrong = of_kind(cases, *kinds)
        yield measured(
            PAIRS,
            f"rejected at 95 % kept, {name}",
            setting,
            [*right, *wrong],
            between(weighted.rejected_share, right, wrong),
            seed,
            target=REJECTED_TARGET if is_aim and name == "other audio" else None,
        )


def _length_bias(long: Sequence[Outcome], others: Sequence[Outcome], setting: str, seed: int) -> Measure:
    """Mean over recordings of the change in the right audio's probability at another length, compared with 3 s."""
    by_length = [_mean_by_file(cases) for cases in (long, others)]
    cases = [
        case
        for case in {file_of(case): case for case in long}.values()
        if all(file_of(case) in means for means in by_length)
    ]
    gains = np.array([by_length[1][file_of(case)] - by_length[0][file_of(case)] for case in cases])
    return measured(
        PAIRS,
        f"probability, more than at {_LONG_S} s",
        setting,
        cases,
        lambda weights: weighted.share(gains, weights),
        seed,
        "",
    )


def _mean_by_file(cases: Sequence[Outcome]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for case in cases:
        if case.probability is not None:
            found.setdefault(file_of(case), []).append(case.probability)
    return {file: float(np.mean(values)) for file, values in found.items()}


def file_of(case: Outcome) -> str:
    """Name of the recording that the face is from."""
    return case.face.rpartition(" ")[0]


def _verdicts(cases: Sequence[Outcome], setting: str, seed: int) -> Iterator[Measure]:
    """Verdict of the stage for each kind: kept, or the rule that drops it."""
    for kind in (RIGHT, *kinds_of(cases)):
        judged = of_kind(cases, kind)
        if judged and judged[0].probability is not None:
            yield measured(
                PAIRS,
                f"mean probability, {kind}",
                setting,
                judged,
                mean_of(lambda case: case.probability or 0.0, judged),
                seed,
                "",
            )
        for verdict in sorted({KEPT} | {case.verdict for case in judged}):
            yield measured(
                PAIRS,
                f"{kind}: {verdict}",
                setting,
                judged,
                share_of(lambda case, verdict=verdict: case.verdict == verdict, judged),
                seed,
            )


def of_kind(cases: Sequence[Outcome], *kinds: str) -> list[Outcome]:
    """Cases of these kinds."""
    return [case for case in cases if case.kind in kinds]


def kinds_of(cases: Sequence[Outcome]) -> list[str]:
    """Wrong kinds, in the order of the cases."""
    return [kind for kind in dict.fromkeys(case.kind for case in cases) if kind != RIGHT]


def _is_shifted_wrongly(case: Outcome) -> bool:
    """Whether the stage leaves the audio more than a frame off, and further off than before."""
    return case.value is not None and abs(case.value - case.true_lag_frames) > max(1.0, abs(case.true_lag_frames))


def _is_stored_in_sync(case: Outcome) -> bool:
    return abs(case.value - case.true_lag_frames) <= 1.0


def _stated_error(case: Outcome) -> float:
    return np.inf if case.lag_se_frames is None else case.lag_se_frames
